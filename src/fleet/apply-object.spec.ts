import { expect, test } from "vitest";
import type { ApplyOptions } from "../kube/kube-client.ts";
import { KubeError } from "../kube/kube-error.ts";
import type { KubeObject } from "../objects/meta.ts";
import { applyObject, type ApplyContext } from "./apply-object.ts";
import { objectKey } from "./desired.ts";
import type { LedgerEntry } from "./ledger.ts";
import { stamp } from "./stamp.ts";

const wanted: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "rules", namespace: "money", labels: { app: "checkout" } },
};
const desired = { key: objectKey(wanted), object: wanted, rowRevision: 7 };

/** Of an object that a list didn't have; `holders`: managers of what stands there all the same. */
function suddenly(
  {
    created,
    holders,
    conflict,
    marks,
  }: { created: boolean; holders: string[]; conflict?: boolean; marks?: Record<string, string> },
  entry?: LedgerEntry,
) {
  const asked: string[] = [];
  const intended: LedgerEntry[] = [];
  const there: KubeObject = {
    ...wanted,
    metadata: {
      ...wanted.metadata,
      resourceVersion: "3",
      ...(marks && { annotations: marks, labels: { ...wanted.metadata.labels, "quipu.dev/managed": "true" } }),
      managedFields: holders.map((manager) => ({
        ...{ manager, operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
      })),
    },
  };
  const context: ApplyContext = {
    client: {
      find: async <T>() => {
        asked.push("find");
        return there as T;
      },
      apply: async <T>(_: T, { force = false }: ApplyOptions) => {
        asked.push(force ? "apply by force" : "apply");
        if (conflict && !force)
          throw new KubeError("kube/status", "conflict", {
            status: 409,
            reason: "Conflict",
            details: {
              causes: [{ reason: "FieldManagerConflict", message: 'conflict with "kubectl"', field: ".data" }],
            },
          });
        return { object: there as T, created };
      },
    },
    turn: async () => undefined,
    isAbsent: async () => true,
    intend: async (entry) => void intended.push(entry),
  };
  const run = () => applyObject(context, desired, stamp(desired), entry, undefined, "new");
  return { run, asked, intended };
}

test("what isn't there is made by one request", async () => {
  const { run, asked, intended } = suddenly({ created: true, holders: ["quipu"] });
  expect(await run()).toMatchObject({ outcome: "applied", created: true, entry: { made: true } });
  expect(asked).toEqual(["apply"]);
  expect(intended).toMatchObject([{ made: true, applied: "" }]);
});

test("what somebody has made meanwhile is joined, and isn't ours to prune", async () => {
  const { run, asked } = suddenly({ created: false, holders: ["kubectl", "quipu"] });
  expect(await run()).toMatchObject({ outcome: "applied", created: false, entry: { made: false } });
  // The second writes on it that it was found.
  expect(asked).toEqual(["apply", "apply"]);
});

test("what carries our marks and was found before is still somebody else's, whatever became of our entry", async () => {
  const marks = { "quipu.dev/row-revision": "6", "quipu.dev/found": "true" };
  const begun: LedgerEntry = { key: desired.key, revision: -1, applied: "", owned: "", made: false };
  const { run, intended } = suddenly({ created: false, holders: ["kubectl", "quipu"], marks }, begun);
  expect(await run()).toMatchObject({ outcome: "applied", entry: { made: false } });
  expect(intended).toMatchObject([{ made: false }]);
});

test("a request that came twice finds what it has made itself", async () => {
  const { run } = suddenly({ created: false, holders: ["quipu"] });
  expect(await run()).toMatchObject({ outcome: "applied", entry: { made: true } });
});

test("a field of what somebody has made meanwhile isn't taken by force", async () => {
  const { run, asked, intended } = suddenly({ created: false, holders: ["kubectl"], conflict: true });
  expect(await run()).toMatchObject({ outcome: "conflict", conflicts: [{ field: ".data", manager: "kubectl" }] });
  expect(asked).toEqual(["apply", "find", "apply"]);
  expect(intended.map(({ made }) => made)).toEqual([true, false]);
});

test("an entry that was begun and not completed says nothing of who made what stands there now", async () => {
  // Kept, and then the worker was killed; or it couldn't even be kept.
  const begun: LedgerEntry = { key: desired.key, revision: -1, applied: "", owned: "", made: true };
  const theirs = suddenly({ created: false, holders: ["kubectl"], conflict: true }, begun);
  expect(await theirs.run()).toMatchObject({
    outcome: "conflict",
    conflicts: [{ field: ".data", manager: "kubectl" }],
  });
  expect(theirs.asked).toEqual(["find", "apply"]);
  expect(theirs.intended).toMatchObject([{ made: false, applied: "" }]);
});
