import { afterAll, beforeAll, expect, test } from "vitest";
import type { Deployment } from "../../src/objects/core.ts";
import type { VirtualService } from "../../src/objects/istio.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { isAlive, ownProcesses } from "../../src/process/proc.ts";
import type { ReleaseView } from "../../src/release/release-view.ts";
import { eventually } from "../harness/eventually.ts";
import { atWeight, ended, mostWeight, put, until, type Accepted } from "../harness/releases.ts";
import { startJoinedFleet, type JoinedFleet } from "./support/joined-fleet.ts";

/** Releases on a real kube-apiserver: pods by its own controllers and scheduler, made ready (or not) by kwok. */
let joined: JoinedFleet;
beforeAll(async () => {
  joined = await startJoinedFleet();
  await joined.declare("uno", { kubeconfig: { context: "uno", path: joined.testbed.kubeconfig } });
  await put(joined.fleet, "{ apiVersion: quipu.dev/v1, kind: Team, metadata: { name: testers }, spec: {} }");
  await put(joined.fleet, "{ apiVersion: quipu.dev/v1, kind: Segment, metadata: { name: real }, spec: {} }");
  await joined.untilReady("uno");
});
afterAll(() => joined?.stop());

const long = 240_000;
const app = (name: string, rollout: object): string =>
  JSON.stringify({
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec: {
      team: "testers",
      segment: "real",
      workload: { replicas: { min: 4, max: 4 }, drain: "1s" },
      placement: { clusters: { matchLabels: { kind: "real" } } },
      rollout,
    },
  });
/** Nothing is held for a verdict: there are no proxies here that could be heard. */
const canary = (...steps: object[]) => ({ strategy: "canary", steps });
const rolling = { strategy: "rolling", steps: [{ weight: 50, hold: "0s" }] };
async function deploy(name: string, image: string): Promise<Accepted> {
  const { body } = await joined.fleet.client.call<{ releases: string[] }>("POST", `/api/v1/apps/${name}/deploys`, {
    body: { image },
  });
  return { app: name, number: Number(body.releases[0]!.slice(name.length + 2)), warnings: [] };
}
const end = (release: Accepted): Promise<ReleaseView> => ended(joined.fleet, release, long);
async function finishes(release: Accepted): Promise<ReleaseView> {
  const view = await end(release);
  expect(view).toMatchObject({ phase: "finished" });
  return view;
}
/** `paused`: in a pause of its own steps at that weight. */
const pausedAt = (release: Accepted, weight: number): Promise<ReleaseView> =>
  until(
    joined.fleet,
    release,
    (view) => atWeight(weight, "uno")(view) && view.waits.some(({ kind }) => kind === "person"),
    long,
  );
const tell = ({ app: name, number }: Accepted, command: string) =>
  joined.fleet.client.call("POST", `/api/v1/apps/${name}/releases/${number}/${command}`, { body: {} });

/** Deployments with their image and ready pods, as the cluster itself counts them. */
async function running(name: string): Promise<string[]> {
  const { items } = await joined.real[0]!.list<Deployment>(kinds.Deployment, {
    namespace: "real",
    labelSelector: `app=${name}`,
  });
  return items
    .map(
      ({ metadata, spec, status }) =>
        `${metadata.name} ${spec!.template.spec.containers[0]!.image} ${status?.readyReplicas ?? 0}`,
    )
    .toSorted();
}
/** Weights of the app's only route. */
async function weights(name: string): Promise<Record<string, number>> {
  const { spec } = await joined.real[0]!.get<VirtualService>(kinds.VirtualService, { namespace: "real", name });
  return Object.fromEntries(
    spec!.http!.at(-1)!.route!.map(({ destination, weight }) => [destination.subset ?? "", weight ?? 100]),
  );
}

test("rolling: one revision takes over from another, each step applied, ready and with its receipt; and back again", async () => {
  await put(joined.fleet, app("rolling", rolling));
  await finishes(await deploy("rolling", "registry.example/rolling:one"));
  expect(await running("rolling")).toEqual(["rolling-r1 registry.example/rolling:one 4"]);
  const view = await finishes(await deploy("rolling", "registry.example/rolling:two"));
  expect(await running("rolling")).toEqual(["rolling-r2 registry.example/rolling:two 4"]);
  expect(await weights("rolling")).toEqual({ r2: 100 });
  const receipts = view.waves.flatMap(({ clusters }) =>
    clusters.flatMap(({ steps }) => steps.map(({ receipt }) => receipt)),
  );
  expect(receipts.join("\n")).toMatch(/unproven \(no pod in istio-system has the label app=istiod.*\): waited 1s/);

  // Undo: what ran before is made anew and takes over again.
  const undone = await joined.fleet.cli("undo", "rolling", "--why", "not yet");
  expect(undone).toMatchObject({ code: 0 });
  expect(await running("rolling")).toEqual([expect.stringMatching(/^rolling-r\d registry\.example\/rolling:one 4$/)]);
});

test("canary: weight is shifted step by step, held, and goes on when somebody says so", async () => {
  await put(joined.fleet, app("canary", canary({ weight: 25, hold: "0s" }, { weight: 50, hold: "0s" }, { pause: {} })));
  await finishes(await deploy("canary", "registry.example/canary:one"));
  const release = await deploy("canary", "registry.example/canary:two");
  await pausedAt(release, 50);
  expect(await weights("canary")).toEqual({ r1: 50, r2: 50 });
  expect(await running("canary")).toEqual([
    "canary-r1 registry.example/canary:one 4",
    expect.stringMatching(/^canary-r2 registry\.example\/canary:two [234]$/),
  ]);
  await tell(release, "promote");
  await finishes(release);
  expect(await weights("canary")).toEqual({ r2: 100 });
  expect(await running("canary")).toEqual(["canary-r2 registry.example/canary:two 4"]);
});

test("a revision that crashes, or is never ready, never gets a request and is taken back by itself", async () => {
  await put(joined.fleet, app("failing", { ...canary({ weight: 50, hold: "0s" }), progressDeadline: "40s" }));
  await finishes(await deploy("failing", "registry.example/app:one"));
  for (const [image, code, reason] of [
    ["crashing.example/app:two", "crashing", /CrashLoopBackOff: exited with code 7/],
    ["unready.example/app:three", "never-ready", /0 of \d pods of r\d are ready: not ready/],
  ] as const) {
    const view = await end(await deploy("failing", image));
    expect(view).toMatchObject({ phase: "failed", code, reason: expect.stringMatching(reason) });
    expect(mostWeight(view)).toBe(0);
    expect(await weights("failing")).toEqual({ r1: 100 });
    await eventually(async () => expect(await running("failing")).toEqual(["failing-r1 registry.example/app:one 4"]));
  }
});

test("a server killed half-way: the next one goes on from there, to the same end", async () => {
  const { fleet } = joined;
  await put(fleet, app("killed", canary({ weight: 25, hold: "0s" }, { weight: 50, hold: "0s" })));
  await finishes(await deploy("killed", "registry.example/killed:one"));
  const release = await deploy("killed", "registry.example/killed:two");
  for (const weight of [25, 50]) {
    await until(fleet, release, atWeight(weight, "uno"), long);
    const [server] = ownProcesses(fleet.fleet.id).filter(
      ({ role, pid, session }) => role === "server" && session === pid,
    );
    process.kill(server!.pid, "SIGKILL");
    await eventually(() => expect(isAlive(server!.pid, server!.startTime)).toBe(false));
    await eventually(() => fleet.client.get("/readyz"));
  }
  await finishes(release);
  expect(await weights("killed")).toEqual({ r2: 100 });
  expect(await running("killed")).toEqual(["killed-r2 registry.example/killed:two 4"]);
});

test("an apiserver that crashes half-way is waited for; nothing is done twice, nothing is lost", async () => {
  const { fleet, testbed, status, untilReady } = joined;
  const [uno] = testbed.clusters;
  await put(fleet, app("killed", canary({ weight: 25, hold: "0s" }, { pause: {} })));
  const release = await deploy("killed", "registry.example/killed:three");
  await pausedAt(release, 25);
  await uno!.components.get("kube-apiserver")!.stop("SIGKILL");
  await tell(release, "promote");
  await eventually(async () => expect((await status("uno")).error).toMatch(/can't reach/));
  const waiting = await until(fleet, release, ({ waits }) => waits.some(({ kind }) => kind === "contact"), long);
  expect(waiting.waits[0]).toMatchObject({ reason: expect.stringContaining("uno: ") });
  await uno!.components.get("kube-apiserver")!.start();
  await untilReady("uno");
  await finishes(release);
  expect(await weights("killed")).toEqual({ r3: 100 });
  expect(await running("killed")).toEqual(["killed-r3 registry.example/killed:three 4"]);
  const { items } = await joined.real[0]!.list<Deployment>(kinds.Deployment, {
    labelSelector: "quipu.dev/managed=true",
  });
  expect(items.every(({ status: state, spec }) => state?.readyReplicas === spec!.replicas)).toBe(true);
});
