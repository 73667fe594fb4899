import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { typeUrls } from "../src/mesh/resource.ts";
import { type Benchmark, quantile, type Row } from "./benchmark.ts";
import { BenchProxy } from "./mesh/client.ts";
import { appOf, namespaceOf, size } from "./mesh/objects.ts";
import type { Order, Usage } from "./mesh/server.ts";

/** Compiler and xDS server with 1,500 services and 20,000 endpoints: processor time, memory, and how long an edit takes to reach all. */
export const run: Benchmark = async (say) => [
  ...(await measure("unscoped", 100, say)),
  ...(await measure("scoped", 300, say)),
];

const edits = 10;

async function measure(kind: "unscoped" | "scoped", count: number, say: (text: string) => void): Promise<Row[]> {
  say(`${count} sidecars, ${kind}`);
  const folder = mkdtempSync(join(tmpdir(), "quipu-bench-mesh-"));
  const socket = join(folder, "xds");
  const server = fork(join(import.meta.dirname, "mesh/server.ts"), [socket, kind], {
    execArgv: process.env["BENCH_NODE"]?.split(" ") ?? [],
  });
  const proxies: BenchProxy[] = [];
  try {
    await once(server, "message");
    const before = await ask(server, { do: "usage" });
    const received = { bytes: 0, endpoints: 0, routes: 0 };
    let heard: (() => void) | undefined;
    const told = (type: string, bytes: number) => {
      received.bytes += bytes;
      if (type === typeUrls.endpoints) received.endpoints++;
      if (type === typeUrls.routeConfiguration) received.routes++;
      heard?.();
    };
    const until = async (holds: () => boolean) => {
      const deadline = Date.now() + 120_000;
      while (!holds()) {
        if (Date.now() > deadline) throw new Error(`not all were served within 120 s: ${JSON.stringify(received)}`);
        await Promise.race([
          new Promise<void>((done) => (heard = done)),
          new Promise((done) => setTimeout(done, 1000)),
        ]);
      }
    };
    const began = performance.now();
    for (let index = 0; index < count; index++) {
      const app = (index * 7) % size.services;
      proxies.push(
        new BenchProxy(
          socket,
          {
            namespace: namespaceOf(app),
            app: appOf(app),
            pod: `p-${index}`,
            ip: `127.40.${index >> 8}.${index & 255}`,
          },
          told,
        ),
      );
    }
    await until(() => received.endpoints >= count && received.routes >= count);
    const firstMs = performance.now() - began;
    const after = await ask(server, { do: "usage" });
    const note = `${count} sidecars, ${kind}`;
    const rows: Row[] = [
      { measure: "first configuration, CPU", value: (after.cpuMs - before.cpuMs) / 1000, unit: "s", note },
      { measure: "first configuration, until the last has it", value: firstMs / 1000, unit: "s", note },
      { measure: "first configuration, sent", value: received.bytes / 1e6, unit: "MB", note },
      { measure: "resident memory before anybody connected", value: before.rssMb, unit: "MB", note },
      { measure: "resident memory after", value: after.rssMb, unit: "MB", note },
    ];
    // An app that many see: the 50 before it, when scoped.
    const app = 60;
    for (const what of ["endpoint", "timeout"] as const) {
      const field = what === "endpoint" ? "endpoints" : "routes";
      const reached = await settle(server, received, field, { what, app });
      const times: number[] = [];
      const cpu: number[] = [];
      for (let edit = 0; edit < edits; edit++) {
        const { cpuMs } = await ask(server, { do: "usage" });
        const target = received[field] + reached;
        const from = performance.now();
        await ask(server, order(what, app, edit + 2));
        await until(() => received[field] >= target);
        times.push(performance.now() - from);
        await new Promise((done) => setTimeout(done, 50));
        cpu.push((await ask(server, { do: "usage" })).cpuMs - cpuMs);
      }
      const name = what === "endpoint" ? "one endpoint" : "one VirtualService";
      const of = `${note}, ${reached} of them see it`;
      rows.push(
        {
          measure: `${name} changed, until the last has it, median`,
          value: quantile(times, 0.5),
          unit: "ms",
          note: of,
        },
        { measure: `${name} changed, slowest of ${edits}`, value: quantile(times, 1), unit: "ms", note: of },
        { measure: `${name} changed, CPU, median`, value: quantile(cpu, 0.5), unit: "ms", note: of },
      );
    }
    return rows;
  } finally {
    for (const proxy of proxies) proxy.close();
    const ended = once(server, "exit");
    server.disconnect();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

function order(what: "endpoint" | "timeout", app: number, nth: number): Order {
  return what === "endpoint" ? { do: "endpoint", app, shift: nth } : { do: "timeout", app, timeoutMs: 1000 + nth };
}

/** Makes the first edit, and counts how many responses it takes. */
async function settle(
  server: ChildProcess,
  received: { endpoints: number; routes: number },
  field: "endpoints" | "routes",
  { what, app }: { what: "endpoint" | "timeout"; app: number },
): Promise<number> {
  await new Promise((done) => setTimeout(done, 500));
  const before = received[field];
  await ask(server, order(what, app, 1));
  await new Promise((done) => setTimeout(done, 2000));
  return received[field] - before;
}

async function ask(server: ChildProcess, wanted: Order): Promise<Usage> {
  const answer = once(server, "message") as Promise<[Usage]>;
  server.send(wanted);
  return (await answer)[0];
}
