import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually } from "../harness/eventually.ts";
import { client, map, namespace, ref } from "./ground.ts";

export function deletionSuite(): void {
  describe("deletion", () => {
    const owned = (name: string, owner: KubeObject, blocks = false): ConfigMap => ({
      ...map(name, {}),
      metadata: {
        ...ref(name),
        ownerReferences: [
          {
            apiVersion: owner.apiVersion,
            kind: owner.kind,
            name: owner.metadata.name,
            uid: owner.metadata.uid!,
            ...(blocks && { blockOwnerDeletion: true }),
          },
        ],
      },
    });
    const exists = async (name: string) => (await client.find(kinds.ConfigMap, ref(name))) !== undefined;

    test("only of the version that was meant, and not at all in a dry run", async () => {
      const made = await client.create(map("a", {}));
      await client.patch(kinds.ConfigMap, ref("a"), { data: { x: "1" } }, "merge");
      const stale = { preconditions: { resourceVersion: made.metadata.resourceVersion! } };
      await expect(client.delete(kinds.ConfigMap, ref("a"), stale)).rejects.toMatchObject({
        status: 409,
        reason: "Conflict",
      });
      expect(await client.delete(kinds.ConfigMap, ref("a"), { dryRun: true })).toBe(true);
      expect(await exists("a")).toBe(true);
      expect(await client.delete(kinds.ConfigMap, ref("a"))).toBe(true);
      expect(await exists("a")).toBe(false);
    });

    test("waits for finalizers, which only grow fewer then", async () => {
      const made = await client.create<ConfigMap>({
        ...map("a", {}),
        metadata: { ...ref("a"), finalizers: ["example.com/one"] },
      });
      await client.delete(kinds.ConfigMap, ref("a"));
      const dying = await client.get<ConfigMap>(kinds.ConfigMap, ref("a"));
      expect(dying.metadata).toMatchObject({ uid: made.metadata.uid, deletionTimestamp: expect.any(String) });
      const more = { metadata: { finalizers: ["example.com/one", "example.com/two"] } };
      await expect(client.patch(kinds.ConfigMap, ref("a"), more, "merge")).rejects.toMatchObject({ status: 422 });
      await client.patch(kinds.ConfigMap, ref("a"), { metadata: { finalizers: null } }, "merge");
      expect(await exists("a")).toBe(false);
    });

    test("takes what is owned along; orphans stay; in the foreground the owner goes last", async () => {
      for (const policy of ["Background", "Orphan", "Foreground"] as const) {
        const owner = await client.create(map(`${policy.toLowerCase()}-owner`, {}));
        const name = `${policy.toLowerCase()}-owned`;
        await client.create(owned(name, owner, true));
        await client.delete(kinds.ConfigMap, ref(owner.metadata.name), { propagationPolicy: policy });
        await eventually(async () => {
          expect(await exists(owner.metadata.name)).toBe(false);
          expect(await exists(name)).toBe(policy === "Orphan");
        });
        if (policy === "Orphan")
          expect((await client.get(kinds.ConfigMap, ref(name))).metadata.ownerReferences ?? []).toEqual([]);
      }
    });

    test("of a namespace takes all that is in it, and nothing new comes in meanwhile", async () => {
      const name = `${namespace}-going`;
      const at = { namespace: name, name: "a" };
      await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      await client.create({ ...map("a", {}), metadata: { ...at, finalizers: ["example.com/one"] } });
      await client.create({ ...map("b", {}), metadata: { namespace: name, name: "b" } });
      await client.delete(kinds.Namespace, { name });
      await eventually(async () => {
        expect(await client.get(kinds.Namespace, { name })).toMatchObject({
          metadata: { deletionTimestamp: expect.any(String) },
          status: { phase: "Terminating" },
        });
        expect(await client.find(kinds.ConfigMap, { namespace: name, name: "b" })).toBeUndefined();
      });
      await expect(client.create({ ...map("c", {}), metadata: { namespace: name, name: "c" } })).rejects.toMatchObject({
        status: 403,
        details: { causes: [{ reason: "NamespaceTerminating" }] },
      });
      await client.patch(kinds.ConfigMap, at, { metadata: { finalizers: null } }, "merge");
      await eventually(async () => expect(await client.find(kinds.Namespace, { name })).toBeUndefined());
    });
  });
}
