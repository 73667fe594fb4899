import { describe, expect, test } from "vitest";
import {
  account,
  app,
  at,
  desired,
  eventually,
  food,
  kube,
  ledger,
  money,
  namespace,
  other,
  service,
  start,
} from "../harness/workers.ts";
import type { Service } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { keyText, objectKey } from "../../src/fleet/desired.ts";

export function workerPruneSuite(): void {
  describe("objects that were there before us", () => {
    test("are joined; a field of another manager is a conflict that is told and not taken; they are never pruned", async () => {
      await other.create(namespace());
      await other.create(
        { ...service("checkout", 8080), spec: { ...service("checkout").spec, selector: { app: "theirs" } } },
        { fieldManager: "somebody" },
      );
      desired.change(1, { put: [namespace(), account("checkout"), service("checkout")] });
      const { seen, events, applied } = start();
      await eventually(() =>
        expect(seen()).toMatchObject({
          applied: 0,
          trouble: expect.stringContaining('.spec.selector is owned by "somebody"'),
        }),
      );
      expect(events.find((event) => event.type === "conflict")).toMatchObject({
        conflicts: [{ field: ".spec.selector", manager: "somebody" }],
      });
      expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.selector).toEqual({ app: "theirs" });
      desired.change(2, { put: [{ ...service("checkout"), spec: {} }] });
      await applied(2);
      expect((await kube.get(kinds.Service, at("checkout"))).metadata.labels).toMatchObject({
        "quipu.dev/managed": "true",
      });
      desired.change(3, { remove: [objectKey(service("checkout"))] });
      await applied(3);
      expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined();
      expect((await ledger.read("lima")).map(({ key, made }) => [keyText(key), made]).toSorted()).toEqual([
        [`Namespace ${money}`, false],
        [`ServiceAccount ${money}/checkout`, true],
      ]);
      // Our marks stay on it. Wanted once more, it is still somebody else's.
      desired.change(4, { put: [{ ...service("checkout"), spec: {} }] });
      await applied(4);
      expect((await ledger.read("lima")).find(({ key }) => key === objectKey(service("checkout")))).toMatchObject({
        made: false,
      });
      desired.change(5, { remove: [objectKey(service("checkout"))] });
      await applied(5);
      expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined();
    });
  });

  describe("many objects at once", () => {
    test("are made without a look at each; one that was there before us is told from the others", async () => {
      const names = ["cart", "checkout", "ledger", "search", "prices"];
      await other.create(namespace());
      await other.create(service("checkout"), { fieldManager: "somebody" });
      let looks = 0;
      const find: typeof kube.find = (kind, ref) => {
        looks++;
        return kube.find(kind, ref);
      };
      const watched = new Proxy(kube, {
        get: (target, name) => {
          const value: unknown = name === "find" ? find : Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
      desired.change(1, { put: [namespace(), ...names.map((name) => service(name))] });
      await start({ kube: watched }).applied(1);
      // The namespace, of which there is one, and the Service that was there.
      expect(looks).toBe(2);
      expect((await ledger.read("lima")).map(({ key, made }) => [keyText(key), made]).toSorted()).toEqual([
        [`Namespace ${money}`, false],
        ...names.map((name) => [`Service ${money}/${name}`, name !== "checkout"]).toSorted(),
      ]);
    });
  });

  describe("prune", () => {
    test("what isn't wanted goes in reverse order, at once or at the next start; the namespace only when it is empty", async () => {
      desired.change(1, { put: [namespace(), namespace(food), ...app("checkout")] });
      const first = start({ concurrency: 1 });
      await first.applied(1);
      await other.create({ apiVersion: "v1", kind: "ConfigMap", metadata: at("theirs") });
      await first.worker.stop();
      desired.change(2, { remove: [namespace(), ...app("checkout")].map(objectKey) });
      const { applied, told } = start({ concurrency: 1 });
      await applied(2);
      expect(told()).toEqual([
        `pruned VirtualService ${money}/checkout`,
        `pruned Deployment ${money}/checkout`,
        `pruned Service ${money}/checkout`,
        `pruned ServiceAccount ${money}/checkout`,
      ]);
      expect((await kube.get(kinds.Namespace, { name: money })).metadata.deletionTimestamp).toBeUndefined();
      await other.delete(kinds.ConfigMap, at("theirs"));
      await eventually(() => expect(told()).toContain(`pruned Namespace ${money}`));
      await eventually(async () =>
        expect((await ledger.read("lima")).map(({ key }) => key)).toEqual([`v1/Namespace//${food}`]),
      );
    });

    test("never to empty unless asked", async () => {
      desired.change(1, { put: [namespace(), service("checkout")] });
      const first = start();
      await first.applied(1);
      desired.change(2, { remove: [namespace(), service("checkout")].map(objectKey) });
      await eventually(() => expect(first.seen().trouble).toMatch(/must be asked for/));
      expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined();
      await first.worker.stop();
      const asked = start({ mayBeEmpty: () => true });
      await asked.applied(2);
      await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeUndefined());
    });

    test("nothing that the ledger doesn't know, whatever its marks", async () => {
      await other.create(namespace());
      await other.create({
        ...service("stranger"),
        metadata: {
          ...service("stranger").metadata,
          labels: { "quipu.dev/managed": "true" },
          annotations: { "quipu.dev/row-revision": "1" },
        },
      });
      desired.change(1, { put: [namespace()] });
      const { applied } = start();
      await applied(1);
      desired.change(2, { put: [account("checkout")] });
      await applied(2);
      expect(await kube.find(kinds.Service, at("stranger"))).toBeDefined();
    });
  });
}
