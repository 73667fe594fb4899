import type { Benchmark, Row } from "./benchmark.ts";
import { inForce, objectsOf } from "./worker/apps.ts";
import { kubectlTrial, type KubectlFigures } from "./worker/kubectl-trial.ts";
import { workerTrial, type Span, type WorkerFigures } from "./worker/worker-trial.ts";

/**
 * The worker on a real kube-apiserver, beside `kubectl apply --server-side` of the same files: what it costs to make
 * everything, to change all apps at once, to start, and to do nothing.
 */
export const run: Benchmark = async (say) => {
  const rows: Row[] = [];
  const sized: { apps: number; objects: number; worker: WorkerFigures }[] = [];
  for (const apps of sizes) {
    const editions = [inForce(apps, 0), inForce(apps, 1), inForce(apps, 2)] as const;
    const objects = [objectsOf(editions[0]), objectsOf(editions[1]), objectsOf(editions[2])] as const;
    // Watches are renewed every 4 to 8 minutes: a minute alone may miss them.
    const worker = await workerTrial(apps, editions, apps === sizes.at(-1) ? longMs : 60_000, say);
    const kubectl = await kubectlTrial(apps, objects, say);
    sized.push({ apps, objects: objects[0].length, worker });
    const found = rowsOf(apps, objects[0].length, worker, kubectl);
    // It is long until the end.
    for (const { measure, value, unit, note } of found) say(`  ${measure}: ${value.toFixed(2)} ${unit} (${note})`);
    rows.push(...found);
  }
  return [...rows, ...memoryRows(sized)];
};

const sizes = (process.env["BENCH_APPS"] ?? "375,1500").split(",").map(Number);
const longMs = Number(process.env["BENCH_STEADY_S"] ?? 300) * 1000;

function rowsOf(apps: number, objects: number, worker: WorkerFigures, kubectl: KubectlFigures): Row[] {
  const size = `${apps} apps, ${objects} objects`;
  const { create, coldStart, steady, change, changeUnlimited, healMs } = worker;
  const minutes = steady.wallMs / 60_000;
  return [
    ...pair("everything made", size, create, kubectl.create),
    ...pair("nothing has changed: the worker's cold start to a verified view", size, coldStart, kubectl.again),
    {
      measure: "of the cold start, until the process had everything rendered",
      ...seconds(coldStart.renderedMs),
      note: size,
    },
    {
      measure: "policy change of all apps, at the limit of 50 requests a second",
      ...seconds(change.wallMs),
      note: noteOf(size, change),
    },
    ...pair("policy change of all apps, unlimited", size, changeUnlimited, kubectl.changed),
    ratio(
      "policy change of all apps, unlimited, of kubectl with all files: wall",
      size,
      changeUnlimited.wallMs,
      kubectl.all.wallMs,
    ),
    ratio(
      "policy change of all apps, unlimited, of kubectl with all files: CPU",
      size,
      changeUnlimited.cpuMs,
      kubectl.all.cpuMs,
    ),
    {
      measure: "nothing happens: requests",
      value: steady.requests / minutes,
      unit: "1/min",
      note: noteOf(`${size}, ${minutes.toFixed(0)} min`, steady),
    },
    {
      measure: "nothing happens: CPU of the worker's process",
      value: (steady.cpuMs / steady.wallMs) * 100,
      unit: "% of a core",
      note: size,
    },
    {
      measure: "nothing happens: CPU of the API",
      value: (steady.apiserverMs / steady.wallMs) * 100,
      unit: "% of a core",
      note: `${size}; without the worker ${((worker.idleApiserverMs / steady.wallMs) * 100).toFixed(2)}`,
    },
    { measure: "edit by hand until healed, median", value: healMs.median, unit: "ms", note: size },
    { measure: "edit by hand until healed, slowest of 10", value: healMs.slowest, unit: "ms", note: size },
    {
      measure: "edit by hand in the midst of the limited policy change, until healed",
      value: healMs.duringChange,
      unit: "ms",
      note: size,
    },
    {
      measure: "memory of the worker's process",
      value: worker.rssMb,
      unit: "MB resident",
      note: `${size}; kubectl ${kubectl.create.rssMb.toFixed(0)}`,
    },
  ];
}

type Client = Pick<Span, "wallMs" | "cpuMs" | "requests" | "apiserverMs"> & { kinds?: Span["kinds"] };

/** Seconds of both, and how many times as much the worker takes. */
function pair(measure: string, size: string, worker: Client, kubectl: Client): Row[] {
  return [
    { measure: `${measure}: wall`, ...seconds(worker.wallMs), note: noteOf(size, worker) },
    { measure: `${measure}: wall, kubectl`, ...seconds(kubectl.wallMs), note: noteOf(size, kubectl) },
    ratio(`${measure}: wall`, size, worker.wallMs, kubectl.wallMs),
    { measure: `${measure}: client CPU`, ...seconds(worker.cpuMs), note: size },
    { measure: `${measure}: client CPU, kubectl`, ...seconds(kubectl.cpuMs), note: size },
    ratio(`${measure}: client CPU`, size, worker.cpuMs, kubectl.cpuMs),
    ratio(`${measure}: CPU of the API`, size, worker.apiserverMs, kubectl.apiserverMs),
    ratio(`${measure}: requests`, size, worker.requests, kubectl.requests),
  ];
}

function ratio(measure: string, size: string, worker: number, kubectl: number): Row {
  return { measure: `${measure}, of kubectl's`, value: worker / kubectl, unit: "ratio", note: size };
}

/** How memory grows with objects, from the smallest to the largest. */
function memoryRows(sized: readonly { apps: number; objects: number; worker: WorkerFigures }[]): Row[] {
  const [small, large] = [sized[0]!, sized.at(-1)!];
  if (small === large) return [];
  const perThousand = (of: (worker: WorkerFigures) => number): number =>
    ((of(large.worker) - of(small.worker)) / (large.objects - small.objects)) * 1000;
  const note = `from ${small.objects} to ${large.objects} objects, in use after a collection`;
  const heap = (stage: number) => (worker: WorkerFigures) => worker.heapMb[stage]! - (worker.heapMb[stage - 1] ?? 0);
  return [
    { measure: "memory for 1,000 objects", value: perThousand(({ heapMb }) => heapMb[2]!), unit: "MB", note },
    { measure: "of that, what is in force", value: perThousand(heap(0)), unit: "MB", note },
    { measure: "of that, everything rendered", value: perThousand(heap(1)), unit: "MB", note },
    { measure: "of that, the worker's view and ledger", value: perThousand(heap(2)), unit: "MB", note },
    { measure: "resident memory for 1,000 objects", value: perThousand(({ rssMb }) => rssMb), unit: "MB", note },
  ];
}

const seconds = (ms: number): Pick<Row, "value" | "unit"> => ({ value: ms / 1000, unit: "s" });

function noteOf(size: string, { requests, kinds, apiserverMs }: Client): string {
  const each = Object.entries(kinds ?? {}).map(([kind, count]) => `${count} ${kind}`);
  const of = each.length === 0 ? "" : ` (${each.join(", ")})`;
  return `${size}; ${requests} requests${of}; API ${(apiserverMs / 1000).toFixed(1)} s CPU`;
}
