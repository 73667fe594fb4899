import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ApiClient } from "../../src/cli/api-client.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { connectionFromKubeconfig } from "../../src/kube/kubeconfig.ts";
import type { ReleaseView, StepView } from "../../src/release/release-view.ts";
import { quantile, type Row } from "../benchmark.ts";

export const root = resolve(import.meta.dirname, "../..");

export interface Fleet {
  client: ApiClient;
  id: string;
  kube(cluster: string): KubeClient;
}
/** A fleet of its own, and what is measured on it. */
export interface Trial {
  clusters: string[];
  port: string;
  work(fleet: Fleet): Promise<Row[]>;
}

export async function withFleet({ clusters, port, work }: Trial): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), "quipu-bench-"));
  const up = spawn(
    join(root, "bin/quipu"),
    ["up", "--port", port, ...clusters.flatMap((cluster) => ["--cluster", cluster])],
    { env: { ...process.env, QUIPU_HOME: home, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    await new Promise<void>((done, fail) => {
      let text = "";
      up.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("Ctrl-C stops all of it")) done();
      });
      up.once("exit", (code) => fail(new Error(`up ended with ${code}`)));
    });
    const read = <T>(file: string) => JSON.parse(readFileSync(join(home, file), "utf8")) as T;
    const client = new ApiClient(read<{ server: string; token: string }>("client.json"));
    const rows = await work({
      client,
      id: read<{ id: string }>("fleet.json").id,
      kube: (cluster) =>
        new KubeClient(connectionFromKubeconfig(readFileSync(join(home, "clusters", cluster, "kubeconfig"), "utf8"))),
    });
    await client.close();
    return rows;
  } finally {
    up.kill("SIGINT");
    await new Promise((done) => up.once("exit", done));
    rmSync(home, { recursive: true, force: true });
  }
}

export function document(name: string, spec: Record<string, unknown>): Record<string, unknown> {
  return {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec: { team: "bench", segment: "bench", ...spec },
  };
}

export async function ground({ client }: Fleet): Promise<void> {
  for (const [plural, kind] of [
    ["teams", "Team"],
    ["segments", "Segment"],
  ] as const)
    await client.call("PUT", `/api/v1/${plural}/bench`, {
      body: { apiVersion: "quipu.dev/v1", kind, metadata: { name: "bench" }, spec: {} },
    });
}

export interface Written {
  releases: string[];
}
export const numberOf = (name: string) => Number(name.slice(name.lastIndexOf("-r") + 2));
const viewOf = (client: ApiClient, app: string, release: number) =>
  client.get<ReleaseView>(`/api/v1/apps/${app}/releases/${release}`);

export async function ended(client: ApiClient, app: string, release: number, timeoutMs: number): Promise<ReleaseView> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const view = await viewOf(client, app, release);
    if (view.endedAt !== undefined) return view;
    if (Date.now() > until) throw new Error(`release ${release} of ${app} hasn't ended: ${view.waits[0]?.reason}`);
    await delay(200);
  }
}

export const steps = (view: ReleaseView) =>
  view.waves.flatMap(({ clusters }) => clusters.flatMap((cluster) => cluster.steps));
export const acknowledged = (list: readonly StepView[], kind: StepView["do"]) =>
  list.flatMap(({ do: what, writtenAt, heldAt }) =>
    what === kind && writtenAt !== undefined && heldAt !== undefined ? [heldAt - writtenAt] : [],
  );
export const milliseconds = (measure: string, samples: readonly number[], note = ""): Row => ({
  measure,
  value: quantile(samples, 0.5),
  unit: "ms",
  note: `p99 ${Math.round(quantile(samples, 0.99))}, ${samples.length} samples${note === "" ? "" : `; ${note}`}`,
});
