import { expect, test } from "vitest";
import type { Namespace } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import type { Seen } from "../model/rows.ts";
import { desired, eventually, kube, money, start, useWorkers } from "../../test/harness/workers.ts";

useWorkers();

const namespace = (): Namespace => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: money } });
const last: Seen = {
  cluster: "lima",
  applied: 7,
  ready: { checkout: { r1: { ready: 2, total: 2 } } },
  at: 5,
  identity: { uid: "old", since: 1 },
};
const backOff = { baseMs: 1, maxMs: 5 };

test("nothing is read, written or counted before it is known which cluster this is", async () => {
  let refused: Error | undefined = new Error("this is another cluster");
  const { seen, events, worker } = start({
    last,
    backOff,
    identify: async () => {
      if (refused !== undefined) throw refused;
      return { identity: { uid: "old", since: 1 }, fresh: false };
    },
  });
  desired.change(8, { put: [namespace()] });
  await eventually(() => expect(seen()).toMatchObject({ error: "this is another cluster" }));
  expect(events).toEqual([{ type: "waits", error: "this is another cluster" }]);
  expect(worker.seen()).toEqual({ ...last, error: "this is another cluster" });
  expect(worker.status().ageMs).toBe(Infinity);
  expect(await kube.find(kinds.Namespace, { name: money })).toBeUndefined();
  refused = undefined;
  await eventually(() => expect(seen()).toMatchObject({ applied: 8, identity: { uid: "old", since: 1 } }));
  expect(seen()).not.toHaveProperty("error");
  expect(await kube.find(kinds.Namespace, { name: money })).toBeDefined();
});

test("what was reported of another cluster counts for nothing", async () => {
  let letIn = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  const { worker } = start({
    last,
    identify: async () => {
      await asked;
      return { identity: { uid: "new", since: 9 }, fresh: true };
    },
  });
  expect(worker.seen()).toMatchObject({ applied: 7 });
  letIn();
  await eventually(() => expect(worker.seen()).toMatchObject({ identity: { uid: "new", since: 9 } }));
  expect(worker.seen().ready).toEqual({});
});

test("a remark is told while nothing worse is", async () => {
  let remark: string | undefined = "the kubeconfig has gone";
  const { worker, applied } = start({ remark: () => remark });
  desired.change(1, { put: [namespace()] });
  await applied(1);
  expect(worker.seen()).toMatchObject({ trouble: "the kubeconfig has gone" });
  remark = undefined;
  expect(worker.seen()).not.toHaveProperty("trouble");
});
