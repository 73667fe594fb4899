import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openSqliteStore } from "../../src/store/open-sqlite-store.ts";
import type { InForceRows } from "../../src/render/rows.ts";
import { quantile } from "../benchmark.ts";
import { handEdit } from "./hand-edit.ts";
import { openPlace, type Place } from "./place.ts";
import { editBetween, fill } from "./rows.ts";
import type { Usage } from "./server.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What something took of the worker's process, of the API and of its etcd. */
export interface Span {
  wallMs: number;
  cpuMs: number;
  /** As the API counts them, and of which kinds they were as the client counts them. */
  requests: number;
  kinds: Record<string, number>;
  apiserverMs: number;
  etcdMs: number;
}
export interface WorkerFigures {
  create: Span;
  coldStart: Span & { renderedMs: number };
  steady: Span;
  /** The API's own processor time over as long as `steady`, with no worker. */
  idleApiserverMs: number;
  healMs: { median: number; slowest: number; duringChange: number };
  /** At the product's own rate limit, and without any. */
  change: Span;
  changeUnlimited: Span;
  /** MB in use after a collection: the store, and everything rendered beside it, and everything seen beside that. */
  heapMb: number[];
  rssMb: number;
}

const unlimited = { perSecond: 100_000, burst: 100_000 };
const idleMs = 20_000;
const probes = 10;

/** `editions`: of the policy, one after another. */
export async function workerTrial(
  apps: number,
  editions: readonly [InForceRows, InForceRows, InForceRows],
  steadyMs: number,
  say: (text: string) => void,
): Promise<WorkerFigures> {
  const folder = mkdtempSync(join(tmpdir(), "quipu-bench-worker-"));
  const place = await openPlace("bench-worker");
  const running = new Set<WorkerProcess>();
  const path = join(folder, "quipu.db");
  const start = async (options: { rateLimit?: typeof unlimited; heap?: boolean }): Promise<WorkerProcess> => {
    const process = new WorkerProcess(folder, { store: path, connection: place.connection, ...options });
    running.add(process);
    await process.ready();
    return process;
  };
  const stop = async (process: WorkerProcess): Promise<void> => {
    await process.stop();
    running.delete(process);
  };
  try {
    const store = await openSqliteStore(path);
    await fill(store, editions[0]);
    await store.close();

    say(`${apps} apps: the worker makes everything`);
    const first = await fromStart(place, () => start({ rateLimit: unlimited }));
    const create = first.span;
    await stop(first.process);

    say(`${apps} apps: nobody is there`);
    const before = await place.meter();
    await delay(idleMs);
    const idleApiserverMs = (((await place.meter()).apiserverMs - before.apiserverMs) / idleMs) * steadyMs;

    say(`${apps} apps: the worker starts again`);
    const second = await fromStart(place, () => start({}));
    const coldStart = { ...second.span, renderedMs: second.usage.renderedMs };
    // What its own start still echoes isn't steady yet.
    await delay(10_000);
    say(`${apps} apps: nothing happens for ${steadyMs / 1000} s`);
    const steady = await span(place, second.process, () => delay(steadyMs));
    say(`${apps} apps: edits by hand`);
    const heals: number[] = [];
    for (let probe = 0; probe < probes; probe++) {
      heals.push(await handEdit(place.admin, Math.floor((probe * apps) / probes)));
      await delay(200);
    }
    say(`${apps} apps: the policy changes`);
    let during: Promise<number> = Promise.resolve(Number.NaN);
    const change = await span(place, second.process, async () => {
      await second.process.write(editBetween(editions[0], editions[1]));
      await delay(2000);
      during = handEdit(place.admin, apps - 1);
      await second.process.settled();
    });
    const duringChange = await during;
    await stop(second.process);

    say(`${apps} apps: the policy changes, and nothing is limited`);
    const third = await fromStart(place, () => start({ rateLimit: unlimited, heap: true }));
    const changeUnlimited = await span(place, third.process, async () => {
      await third.process.write(editBetween(editions[1], editions[2]));
      await third.process.settled();
    });
    const healMs = { median: quantile(heals, 0.5), slowest: quantile(heals, 1), duringChange };
    const { heapMb, rssMb } = third.usage;
    return { create, coldStart, steady, idleApiserverMs, healMs, change, changeUnlimited, heapMb, rssMb };
  } finally {
    for (const process of running) await process.stop();
    await place.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From the start of the process until everything is applied and seen. */
async function fromStart(
  place: Place,
  start: () => Promise<WorkerProcess>,
): Promise<{ process: WorkerProcess; usage: Usage; span: Span }> {
  const from = await place.meter();
  const process = await start();
  const usage = await process.settled();
  const wallMs = performance.now() - process.startedAt;
  const to = await place.meter();
  return {
    process,
    usage,
    span: {
      ...{ wallMs, cpuMs: usage.cpuMs, requests: to.requests - from.requests, kinds: usage.requests },
      ...{ apiserverMs: to.apiserverMs - from.apiserverMs, etcdMs: to.etcdMs - from.etcdMs },
    },
  };
}

async function span(place: Place, process: WorkerProcess, work: () => Promise<unknown>): Promise<Span> {
  const from = await place.meter();
  const before = await process.usage();
  const began = performance.now();
  await work();
  const wallMs = performance.now() - began;
  const after = await process.usage();
  const to = await place.meter();
  const kinds = Object.entries(after.requests).flatMap(([kind, count]) => {
    const more = count - (before.requests[kind] ?? 0);
    return more === 0 ? [] : [[kind, more] as const];
  });
  return {
    ...{ wallMs, cpuMs: after.cpuMs - before.cpuMs, requests: to.requests - from.requests },
    ...{ kinds: Object.fromEntries(kinds), apiserverMs: to.apiserverMs - from.apiserverMs },
    etcdMs: to.etcdMs - from.etcdMs,
  };
}
