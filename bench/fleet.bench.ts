import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { ApiClient } from "../src/cli/api-client.ts";
import { KubeClient } from "../src/kube/kube-client.ts";
import { connectionFromKubeconfig } from "../src/kube/kubeconfig.ts";
import type { Pod } from "../src/objects/core.ts";
import { kinds } from "../src/objects/kinds.ts";
import { readVariable } from "../src/cluster/runtime/process-scan.ts";
import { ownProcesses } from "../src/process/proc.ts";
import { type Benchmark, quantile, type Row } from "./benchmark.ts";
import { load } from "./http-load.ts";
import { memoryOf, memoryRows } from "./memory.ts";

const root = resolve(import.meta.dirname, "..");

/** The demo fleet as a newcomer starts it: start-up, one edit to the last Envoy, memory, a sidecar pair against direct. */
export const run: Benchmark = async (say) => {
  const home = mkdtempSync(join(tmpdir(), "quipu-bench-"));
  const began = performance.now();
  const up = spawn(join(root, "bin/quipu"), ["up", "--demo", "--port", "17070"], {
    env: { ...process.env, QUIPU_HOME: home, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise<void>((done, fail) => {
      let text = "";
      up.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("Ctrl-C stops all of it")) done();
      });
      up.once("exit", (code) => fail(new Error(`up ended with ${code}`)));
    });
    const rows: Row[] = [
      {
        measure: "from `up --demo` to everything ready",
        value: (performance.now() - began) / 1000,
        unit: "s",
        note: "limit 45",
      },
    ];
    const { server, token } = JSON.parse(readFileSync(join(home, "client.json"), "utf8")) as {
      server: string;
      token: string;
    };
    const { id } = JSON.parse(readFileSync(join(home, "fleet.json"), "utf8")) as { id: string };
    const client = new ApiClient({ server, token });
    const kubes = ["bogota", "montevideo"].map(
      (name) =>
        new KubeClient(connectionFromKubeconfig(readFileSync(join(home, "clusters", name, "kubeconfig"), "utf8"))),
    );
    say("memory");
    rows.push(...memoryRows(memoryOf(id)));
    say("one edit to the last Envoy");
    rows.push(...(await edits(client, kubes)));
    say("requests through a sidecar pair, and direct");
    rows.push(...(await pair(kubes[0] as KubeClient, id)));
    await client.close();
    await Promise.all(kubes.map((kube) => kube.close()));
    return rows;
  } finally {
    const ended = new Promise((done) => up.once("exit", done));
    if (up.exitCode === null) up.kill("SIGINT");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
};

/** From the PUT of a changed timeout until every Envoy that calls the app has it in its routes. */
async function edits(client: ApiClient, kubes: readonly KubeClient[]): Promise<Row[]> {
  const app = parse(readFileSync(join(root, "examples/superapp/apps/catalog.yaml"), "utf8")) as {
    spec: { traffic: { timeout: string } };
  };
  const samples: number[] = [];
  for (let count = 0; count < 10; count++) {
    const timeout = 1100 + count;
    app.spec.traffic.timeout = `${timeout}ms`;
    const began = performance.now();
    await client.call("PUT", "/api/v1/apps/catalog", { body: app });
    await Promise.all(kubes.map((kube) => callersHave(kube, timeout)));
    samples.push(performance.now() - began);
  }
  return [
    {
      measure: "apply of a timeout until the last Envoy serves it, median",
      value: quantile(samples, 0.5),
      unit: "ms",
      note: "every caller without a timeout of its own; seen in config_dump; limit 2000 after it is in force",
    },
    { measure: "the same, slowest of 10", value: quantile(samples, 1), unit: "ms" },
  ];
}

async function callersHave(kube: KubeClient, timeoutMs: number): Promise<void> {
  const { items } = await kube.list<Pod>(kinds.Pod, { labelSelector: "app=storefront" });
  const deadline = Date.now() + 20_000;
  const wanted = `${(timeoutMs / 1000).toFixed(3)}s`; // as protobuf writes durations in JSON
  await Promise.all(
    items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(async ({ metadata }) => {
        const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}:15000/proxy/config_dump?resource=dynamic_route_configs`;
        while (!(await kube.raw(path)).body.includes(`"${wanted}"`)) {
          if (Date.now() > deadline) throw new Error(`${metadata.name} doesn't have the timeout ${wanted} after 20 s`);
          await new Promise((done) => setTimeout(done, 10));
        }
      }),
  );
}

/** The same app through two sidecars (HTTP proxy, mutual TLS, authorization) and directly on its private port. */
async function pair(kube: KubeClient, fleet: string): Promise<Row[]> {
  const one = async (app: string) => (await kube.list<Pod>(kinds.Pod, { labelSelector: `app=${app}` })).items[0] as Pod;
  const caller = (await one("storefront")).status?.podIP as string;
  const direct = privatePort(fleet, (await one("catalog")).metadata.uid as string);
  const rows: Row[] = [];
  for (const connections of [1, 16]) {
    const path = { direct: "/items", mesh: "http://catalog.food/items" };
    // Alternating, so that a slow spell of the machine hits both.
    const runs = { direct: [] as number[], mesh: [] as number[] };
    const perSecond = { direct: 0, mesh: 0 };
    for (let round = 0; round < 3; round++) {
      for (const way of ["direct", "mesh"] as const) {
        const result = await load(
          way === "direct"
            ? { host: "127.0.0.1", port: direct, path: path.direct, connections, forMs: 2000 }
            : { host: caller, port: 15001, path: path.mesh, header: "catalog.food", connections, forMs: 2000 },
        );
        if (result.failed > 0) throw new Error(`${result.failed} of ${result.requests} requests failed (${way})`);
        runs[way].push(...result.latenciesMs);
        perSecond[way] += result.perSecond / 3;
      }
    }
    const note = `${connections} connection${connections === 1 ? "" : "s"}`;
    for (const share of [0.5, 0.99]) {
      const name = `p${share * 100}`;
      rows.push({ measure: `${name} through a sidecar pair`, value: quantile(runs.mesh, share), unit: "ms", note });
      rows.push({ measure: `${name} direct`, value: quantile(runs.direct, share), unit: "ms", note });
    }
    rows.push({
      measure: "requests per second through a sidecar pair",
      value: perSecond.mesh,
      unit: "1/s",
      note: `${note}; ${(perSecond.mesh / perSecond.direct).toFixed(2)} of direct`,
    });
    rows.push({ measure: "requests per second direct", value: perSecond.direct, unit: "1/s", note });
  }
  return rows;
}

/** The port that an app listens on itself, from its environment. */
function privatePort(fleet: string, podUid: string): number {
  const pid = ownProcesses(fleet).find(({ role }) => role.startsWith("app/") && role.endsWith(podUid))?.pid;
  if (pid === undefined) throw new Error(`no process of pod ${podUid}`);
  return Number(readVariable(readFileSync(`/proc/${pid}/environ`, "latin1"), "PORT"));
}
