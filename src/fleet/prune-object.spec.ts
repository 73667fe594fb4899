import { expect, test } from "vitest";
import { KubeError } from "../kube/kube-error.ts";
import type { Kind } from "../objects/kinds.ts";
import { pruneObject } from "./prune-object.ts";

const live = { apiVersion: "v1", kind: "Namespace", metadata: { name: "money", uid: "u" }, owned: "" };
const noKind = new KubeError("kube/no-kind", "the cluster doesn't have it");

/** Of the namespace money; `there`: names by kind, or what asking for them throws. */
async function pruned(there: Record<string, string[] | Error>): Promise<unknown> {
  const client = {
    list: async ({ kind }: Kind) => {
      const found = there[kind] ?? [];
      if (found instanceof Error) throw found;
      return { items: found.map((name) => ({ metadata: { name } })) as never[], resourceVersion: "1" };
    },
    delete: async () => true,
  };
  return pruneObject(client, async () => undefined, "v1/Namespace//money", live);
}

test("a namespace goes when nothing is left in it but what Kubernetes puts into each", async () => {
  const left = {
    ServiceAccount: ["default"],
    ConfigMap: ["kube-root-ca.crt", "istio-ca-root-cert"],
    Telemetry: noKind,
  };
  expect(await pruned(left)).toEqual({ outcome: "pruned" });
});

test.each([
  ["Secret", "keys"],
  // Kinds that Quipu itself has nothing to do with: what somebody keeps there would be gone.
  ["PersistentVolumeClaim", "data"],
  ["StatefulSet", "postgres"],
  ["CronJob", "backup"],
  ["NetworkPolicy", "deny-all"],
  ["RoleBinding", "team"],
  ["ResourceQuota", "limits"],
])("a %s of somebody else's keeps it", async (kind, name) => {
  expect(await pruned({ [kind]: [name] })).toEqual({ outcome: "kept", why: `it still holds ${kind} money/${name}` });
});

test("so does what can't be looked at", async () => {
  const forbidden = new KubeError("kube/status", "you may not", { status: 403, reason: "Forbidden" });
  await expect(pruned({ PersistentVolumeClaim: forbidden })).rejects.toBe(forbidden);
});
