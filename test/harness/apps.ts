import { stringify } from "yaml";
import { resolve } from "node:path";
import type { TestFleet } from "./fleet.ts";
import { eventually } from "./eventually.ts";
import { archiveFolder } from "../../src/cli/archive.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures");

export interface ProbeApp {
  name: string;
  segment?: string;
  replicas?: number;
  tcp?: boolean;
  spec?: Record<string, unknown>;
  env?: Record<string, string>;
  workload?: Record<string, unknown>;
}

/** An App that runs the probe fixture. `spec` is merged over the top level of its spec, `workload` over its workload. */
export function probeApp({
  name,
  segment = "one",
  replicas = 1,
  tcp = false,
  spec = {},
  env,
  workload = {},
}: ProbeApp): string {
  return stringify({
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec: {
      team: "testers",
      segment,
      workload: {
        command: ["node", "index.mjs"],
        ports: [{ name: "http", port: 8080 }, ...(tcp ? [{ name: "tcp", port: 7000 }] : [])],
        probes: { readiness: "/ready" },
        replicas: { min: replicas, max: replicas },
        drain: "0s",
        terminationGracePeriod: "2s",
        ...(env === undefined ? {} : { env }),
        ...workload,
      },
      ...spec,
      // Released without holds, for what is tested here is what comes after.
      rollout: { steps: [{ weight: 50, hold: "0s" }], ...(spec["rollout"] as object | undefined) },
    },
  });
}

export const ground = `
apiVersion: quipu.dev/v1
kind: Team
metadata: { name: testers }
spec: {}
---
apiVersion: quipu.dev/v1
kind: Segment
metadata: { name: one }
spec: {}
---
apiVersion: quipu.dev/v1
kind: Segment
metadata: { name: two }
spec: {}
`;

const uploaded = new WeakMap<TestFleet, Map<string, Promise<string>>>();

async function upload(fleet: TestFleet, fixture: string): Promise<string> {
  const archive = await archiveFolder(resolve(fixtures, fixture));
  await fleet.client.call("POST", "/api/v1/artifacts", {
    body: archive.bytes,
    headers: { "content-type": "application/x-tar" },
    query: { digest: archive.digest },
  });
  return archive.digest;
}

/** Uploads a folder of test/fixtures, once for each fleet. Returns its digest. */
export function uploadFixture(fleet: TestFleet, fixture: string): Promise<string> {
  const digests = uploaded.get(fleet) ?? new Map<string, Promise<string>>();
  uploaded.set(fleet, digests);
  if (!digests.has(fixture)) digests.set(fixture, upload(fleet, fixture));
  return digests.get(fixture) as Promise<string>;
}

/** Deploys a folder of test/fixtures to each app; waits until all are finished. */
export async function deployFixture(fleet: TestFleet, fixture: string, ...apps: string[]): Promise<void> {
  const artifact = await uploadFixture(fleet, fixture);
  for (const app of apps) await fleet.client.call("POST", `/api/v1/apps/${app}/deploys`, { body: { artifact } });
  await Promise.all(apps.map((app) => settled(fleet, app)));
}

export const deployProbe = (fleet: TestFleet, ...apps: string[]): Promise<void> =>
  deployFixture(fleet, "probe", ...apps);

interface StatusAnswer {
  releases: { spec: { number: number }; status?: { phase: string; reason?: string } }[];
}

/** Waits until the newest release of the app has ended; throws when it failed. */
export async function settled(fleet: TestFleet, app: string): Promise<void> {
  const newest = await eventually(
    async () => {
      const status = await fleet.client.get<StatusAnswer>(`/api/v1/apps/${app}/status`);
      const release = status.releases.toSorted((a, b) => b.spec.number - a.spec.number)[0];
      if (release === undefined || !["finished", "failed"].includes(release.status?.phase ?? "waiting"))
        throw new Error(`${app} is not settled: ${JSON.stringify(status)}\n${fleet.output}`);
      return release;
    },
    60_000,
    100,
  );
  if (newest.status?.phase === "failed")
    throw new Error(`release ${newest.spec.number} of ${app} failed: ${newest.status.reason}`);
}

/** Declares the documents and waits until what they change of each app is in force. */
export async function change(fleet: TestFleet, ...apps: ProbeApp[]): Promise<void> {
  for (const app of apps) await fleet.apply(probeApp(app));
  for (const { name } of apps) await settled(fleet, name);
}
