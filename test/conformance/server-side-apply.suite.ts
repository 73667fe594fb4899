import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually } from "../harness/eventually.ts";
import { client, deployment, managers, map, ref, service } from "./ground.ts";

export function applySuite(): void {
  describe("server-side apply", () => {
    const apply = <T extends KubeObject>(object: T, fieldManager: string, options: object = {}) =>
      client.apply(object, { fieldManager, ...options });

    test("creates, then changes; the same again changes nothing, not even the version", async () => {
      const first = await apply(deployment({ resources: { requests: { cpu: "1000m" } } }), "one");
      expect(first.created).toBe(true);
      expect(managers(first.object)).toEqual(["one/Apply"]);
      // A Deployment's controller may have its say in between.
      await eventually(async () => {
        const before = await apply(deployment({ resources: { requests: { cpu: "1000m" } } }), "one");
        const again = await apply(deployment({ resources: { requests: { cpu: "1000m" } } }), "one");
        expect(again.created).toBe(false);
        expect(again.object.metadata.resourceVersion).toBe(before.object.metadata.resourceVersion);
      });
    });

    test("a field that its owner leaves out goes, unless another owns it too", async () => {
      await apply(map("a", { mine: "1", shared: "1" }), "one");
      await apply(map("a", { shared: "1" }), "two");
      const left = await apply(map("a", {}), "one");
      expect(left.object.data).toEqual({ shared: "1" });
      expect((await apply(map("a", {}), "two")).object.data ?? {}).toEqual({});
    });

    test("another's field is a conflict that names owner and field; with force it changes hands", async () => {
      await apply(map("a", { x: "1", y: "1" }), "one");
      const refused = await apply(map("a", { x: "2", y: "2", z: "2" }), "two").then(
        () => expect.fail("not refused"),
        (error: unknown) => error,
      );
      expect(refused).toMatchObject({
        status: 409,
        reason: "Conflict",
        conflicts: [
          { field: ".data.x", manager: "one" },
          { field: ".data.y", manager: "one" },
        ],
      });
      expect((await client.get<ConfigMap>(kinds.ConfigMap, ref("a"))).data).toEqual({ x: "1", y: "1" });
      expect((await apply(map("a", { x: "2" }), "two", { force: true })).object.data).toEqual({ x: "2", y: "1" });
      // What was taken is no longer given up by its former owner.
      expect((await apply(map("a", { y: "1" }), "one")).object.data).toEqual({ x: "2", y: "1" });
    });

    test("an update takes ownership of what it changes, and only of that", async () => {
      await apply(map("a", { x: "1", y: "1" }), "one");
      const touched = await client.patch<ConfigMap>(kinds.ConfigMap, ref("a"), { data: { x: "2" } }, "merge", {
        fieldManager: "hand",
      });
      expect(managers(touched)).toEqual(["hand/Update", "one/Apply"]);
      await expect(apply(map("a", { x: "1", y: "1" }), "one")).rejects.toMatchObject({
        conflicts: [{ field: ".data.x", manager: "hand" }],
      });
      expect(managers((await apply(map("a", { x: "1", y: "1" }), "one", { force: true })).object)).toEqual([
        "one/Apply",
      ]);
    });

    test("lists merge by their keys, atomic maps change as a whole", async () => {
      await apply(service({ selector: { app: "web" }, ports: [{ name: "a", port: 80 }] }), "one");
      const both = await apply(service({ ports: [{ name: "b", port: 81 }] }), "two");
      expect(both.object.spec?.ports?.map(({ port }) => port).toSorted()).toEqual([80, 81]);
      await expect(apply(service({ selector: { app: "web", also: "this" } }), "two")).rejects.toMatchObject({
        conflicts: [{ field: ".spec.selector", manager: "one" }],
      });
      const alone = await apply(service({ selector: { app: "web" } }), "one");
      expect(alone.object.spec?.ports?.map(({ port }) => port)).toEqual([81]);
    });

    test("a dry run tells and keeps nothing; a version given must be the one that stands", async () => {
      expect((await apply(map("a", { x: "1" }), "one", { dryRun: true })).object.data).toEqual({ x: "1" });
      expect(await client.find(kinds.ConfigMap, ref("a"))).toBeUndefined();
      const { object } = await apply(map("a", { x: "1" }), "one");
      await apply(map("a", { x: "2" }), "one");
      const stale = {
        ...map("a", { x: "3" }),
        metadata: { ...ref("a"), resourceVersion: object.metadata.resourceVersion! },
      };
      await expect(apply(stale, "one")).rejects.toMatchObject({ status: 409, reason: "Conflict", conflicts: [] });
    });

    test("replicas pass from the applier to the autoscaler by a hand-over", async () => {
      await apply(deployment({}, { replicas: 4 }), "one");
      await apply(
        { apiVersion: "apps/v1", kind: "Deployment", metadata: ref("web"), spec: { replicas: 4 } },
        "handover",
      );
      expect((await apply(deployment(), "one")).object.spec?.replicas).toBe(4);
    });
  });
}
