import { expect, test } from "vitest";
import { startTestServer, testToken, type TestServer } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { kinds, type Kind } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { eventually, patienceMs } from "../../test/harness/eventually.ts";
import { ClusterWorker } from "./cluster-worker.ts";
import { DesiredObjects, objectKey } from "./desired.ts";
import { memoryLedger, type Ledger } from "./ledger.ts";
import { stamp } from "./stamp.ts";

/** A small, good generator (mulberry32), so that a failing history can be told by its number. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A client whose requests fail, half of them only after the API has done what was asked. */
function faulty(client: KubeClient, random: () => number, broken: () => boolean): KubeClient {
  const wrap =
    <A extends unknown[], R>(work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      const fail = broken() && random() < 0.4;
      const lostAnswer = random() < 0.5;
      if (fail && !lostAnswer) throw new KubeError("kube/unreachable", "the request was lost");
      const result = await work(...given);
      if (fail) throw new KubeError("kube/unreachable", "the answer was lost");
      return result;
    };
  return Object.assign(Object.create(client) as KubeClient, {
    find: wrap(client.find.bind(client)),
    apply: wrap(client.apply.bind(client)),
    delete: wrap(client.delete.bind(client)),
    list: wrap(client.list.bind(client)),
    watch: async function* (...given: Parameters<KubeClient["watch"]>) {
      for await (const event of client.watch(...given)) {
        if (broken() && random() < 0.2) throw new KubeError("kube/unreachable", "broken off");
        yield event;
      }
    },
  });
}

function faultyLedger(inner: Ledger, random: () => number, broken: () => boolean): Ledger {
  const maybe = (): void => {
    if (broken() && random() < 0.1) throw new Error("the store is busy");
  };
  return {
    read: async (cluster) => {
      maybe();
      return inner.read(cluster);
    },
    put: async (cluster, entries) => {
      maybe();
      await inner.put(cluster, entries);
      maybe();
    },
    remove: async (cluster, keys) => {
      maybe();
      await inner.remove(cluster, keys);
      maybe();
    },
  };
}

const namespaces = ["money", "food"];
const object = (name: string, namespace: string, value: number): KubeObject[] => [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels: { app: name } },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 1000 + value }] },
  },
  {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace, labels: { app: name } },
    spec: { hosts: [name], http: [{ timeout: `${value}s` }] },
  },
];

async function history(seed: number, api: TestServer): Promise<void> {
  const random = numbers(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const client = new KubeClient({ server: `https://127.0.0.1:${api.port}`, ca: api.rootPem, token: testToken });
  let troubled = true;
  const broken = () => troubled;
  const kept = memoryLedger();
  const desired = new DesiredObjects();
  const options = {
    cluster: "lima",
    kube: faulty(client, random, broken),
    desired,
    ledger: faultyLedger(kept, random, broken),
    report: () => undefined,
    random,
    backOff: { baseMs: 2, maxMs: 20 },
    rateLimit: { perSecond: 10_000, burst: 10_000 },
    mayBeEmpty: () => true,
  };
  let worker = new ClusterWorker(options);
  worker.start();
  const foreign = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "theirs", namespace: "money" },
    data: { a: "b" },
  };
  let revision = 0;
  desired.change(++revision, {
    put: namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
  });
  for (let step = 0; step < 25; step++) {
    const namespace = pick(namespaces);
    const name = pick(["a", "b", "c"]);
    const what = random();
    // Each time something else: what says the same isn't written, and goes on carrying the revision of before.
    if (what < 0.45) desired.change(++revision, { put: object(name, namespace, step) });
    else if (what < 0.6) desired.change(++revision, { remove: object(name, namespace, 0).map(objectKey) });
    else if (what < 0.7) await client.delete(pick([kinds.Service, kinds.VirtualService]), { namespace, name });
    else if (what < 0.8)
      await client
        .patch(kinds.VirtualService, { namespace, name }, { spec: { http: [] } }, "merge", { fieldManager: "vandal" })
        .catch(() => undefined);
    else if (what < 0.85) await client.create(foreign).catch(() => undefined);
    else {
      await worker.stop();
      worker = new ClusterWorker(options);
      worker.start();
    }
    await new Promise((resolve) => setTimeout(resolve, random() * 60));
  }
  troubled = false;
  const settled = () =>
    eventually(
      () => expect(worker.status()).toMatchObject({ applied: revision, pending: 0, failures: [] }),
      patienceMs,
      10,
    );

  try {
    await settled();
    const live = async (kind: Kind) => (await client.listAll(kind, { labelSelector: "quipu.dev/managed=true" })).items;
    await eventually(
      async () => {
        const found = [
          ...(await live(kinds.Service)),
          ...(await live(kinds.VirtualService)),
          ...(await live(kinds.Namespace)),
        ];
        expect(found.map(objectKey).toSorted()).toEqual([...desired.objects()].map(({ key }) => key).toSorted());
        for (const each of found) expect(each).toMatchObject(stamp(desired.get(objectKey(each))!).object);
      },
      4000,
      20,
    );
    expect((await kept.read("lima")).map(({ key, made }) => `${key} ${made}`).toSorted()).toEqual(
      [...desired.objects()].map(({ key }) => `${key} true`).toSorted(),
    );
    await client.create(foreign).catch(() => undefined);
    // All of it goes again, and nothing but it.
    desired.change(++revision, { remove: [...desired.objects()].map(({ key }) => key) });
    await eventually(
      async () => {
        expect([...(await live(kinds.Service)), ...(await live(kinds.VirtualService))]).toEqual([]);
        expect(await client.find(kinds.Namespace, { name: "food" })).toBeUndefined();
        expect((await kept.read("lima")).map(({ key }) => key)).toEqual(["v1/Namespace//money"]);
      },
      8000,
      20,
    );
    expect(await client.find(kinds.ConfigMap, { namespace: "money", name: "theirs" })).toMatchObject({
      data: { a: "b" },
    });
  } finally {
    await worker.stop();
    await client.close();
  }
}

test("what was made just before a crash, and isn't wanted after it, is found and pruned", async () => {
  const api = await startTestServer();
  const client = new KubeClient({ server: `https://127.0.0.1:${api.port}`, ca: api.rootPem, token: testToken });
  const ledger = memoryLedger();
  const desired = new DesiredObjects();
  const common = {
    cluster: "lima",
    desired,
    ledger,
    report: () => undefined,
    backOff: { baseMs: 10_000, maxMs: 10_000 },
  };
  const service = object("a", "money", 1)[0]!;
  desired.change(1, { put: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "money" } }, service] });
  // The API makes the Service; its answer never arrives, and then the worker is gone.
  let made = false;
  const dying = Object.assign(Object.create(client) as KubeClient, {
    find: client.find.bind(client),
    list: client.list.bind(client),
    watch: client.watch.bind(client),
    apply: async (...given: Parameters<KubeClient["apply"]>) => {
      const answer = await client.apply(...given);
      if (given[0].kind !== "Service") return answer;
      made = true;
      throw new KubeError("kube/unreachable", "the answer was lost");
    },
  });
  const first = new ClusterWorker({ ...common, kube: dying });
  try {
    first.start();
    await eventually(() => expect(made).toBe(true));
    await first.stop();
    expect(await ledger.read("lima")).toContainEqual({
      key: objectKey(service),
      revision: -1,
      applied: "",
      owned: "",
      made: true,
    });
    desired.change(2, { remove: [objectKey(service)] });
    const second = new ClusterWorker({ ...common, kube: client });
    second.start();
    await eventually(async () =>
      expect(await client.find(kinds.Service, { namespace: "money", name: "a" })).toBeUndefined(),
    );
    await second.stop();
  } finally {
    await client.close();
    await api.stop();
  }
});

test.each([1, 2, 3, 4])(
  "whatever fails on the way, the cluster ends as desired, and of what we made nothing is left behind (history %i)",
  { timeout: 30_000 },
  async (seed) => {
    const api = await startTestServer();
    try {
      await history(seed, api);
    } finally {
      await api.stop();
    }
  },
);
