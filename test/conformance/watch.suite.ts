import { describe, expect, test } from "vitest";
import { Reflector } from "../../src/kube/reflector.ts";
import type { ConfigMap } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { eventually } from "../harness/eventually.ts";
import { client, map, namespace, ref } from "./ground.ts";

export function watchSuite(): void {
  describe("lists and watches", () => {
    test("pages hold everything once, at one version, whatever is written meanwhile", async () => {
      for (let at = 0; at < 7; at++)
        await client.create(map(`m${at}`, {}, { conformance: at % 2 === 0 ? "even" : "odd" }));
      const first = await client.list(kinds.ConfigMap, { namespace, labelSelector: "conformance", limit: 3 });
      expect(first.items).toHaveLength(3);
      await client.create(map("m9", {}, { conformance: "late" }));
      const names = first.items.map(({ metadata }) => metadata.name);
      for (let next = first.continue; next !== undefined;) {
        const page = await client.list(kinds.ConfigMap, {
          namespace,
          labelSelector: "conformance",
          limit: 3,
          continue: next,
        });
        expect(page.resourceVersion).toBe(first.resourceVersion);
        names.push(...page.items.map(({ metadata }) => metadata.name));
        next = page.continue;
      }
      expect(names).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
      expect(
        (await client.listAll(kinds.ConfigMap, { namespace, labelSelector: "conformance in (odd,late)" })).items,
      ).toHaveLength(4);
      expect(
        (await client.listAll(kinds.ConfigMap, { namespace, fieldSelector: "metadata.name=m3" })).items,
      ).toHaveLength(1);
    });

    test("a watch tells every change after its version, in order, as its selector sees it", async () => {
      const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace });
      await client.create(map("a", { x: "1" }, { seen: "yes" }));
      await client.create(map("b", {}));
      await client.patch(kinds.ConfigMap, ref("a"), { data: { x: "2" } }, "merge");
      await client.patch(kinds.ConfigMap, ref("a"), { metadata: { labels: { seen: null } } }, "merge");
      await client.patch(kinds.ConfigMap, ref("a"), { metadata: { labels: { seen: "yes" } } }, "merge");
      await client.delete(kinds.ConfigMap, ref("a"));
      const stop = new AbortController();
      const told: string[] = [];
      let last = Number(resourceVersion);
      for await (const { type, object } of client.watch<ConfigMap>(kinds.ConfigMap, {
        namespace,
        labelSelector: "seen=yes",
        resourceVersion,
        timeoutSeconds: 20,
        signal: stop.signal,
      })) {
        if (type === "BOOKMARK") continue;
        expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(last);
        last = Number(object.metadata.resourceVersion);
        told.push(`${type} ${object.metadata.name}`);
        if (told.length === 5) break;
      }
      expect(told).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]);
    });

    test("a watch ends by itself when its time is over", async () => {
      const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace });
      const events: string[] = [];
      for await (const { type } of client.watch(kinds.ConfigMap, {
        namespace,
        labelSelector: "nobody",
        resourceVersion,
        timeoutSeconds: 1,
        signal: new AbortController().signal,
      }))
        events.push(type);
      expect(events.filter((type) => type !== "BOOKMARK")).toEqual([]);
    });

    test("a watch that was cut is taken up where it was, or where a bookmark said, and misses nothing", async () => {
      const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace, labelSelector: "resumed" });
      const told: string[] = [];
      let last = resourceVersion;
      const follow = async (enough: () => boolean, timeoutSeconds = 30): Promise<void> => {
        const stop = new AbortController();
        const options = {
          namespace,
          labelSelector: "resumed",
          resourceVersion: last,
          timeoutSeconds,
          signal: stop.signal,
        };
        for await (const { type, object } of client.watch<ConfigMap>(kinds.ConfigMap, options)) {
          last = object.metadata.resourceVersion!;
          told.push(type === "BOOKMARK" ? type : `${type} ${object.metadata.name}`);
          if (enough()) return stop.abort();
        }
      };
      for (const name of ["a", "b"]) await client.create(map(name, {}, { resumed: "yes" }));
      await follow(() => told.length === 1);
      await client.delete(kinds.ConfigMap, ref("a"));
      await follow(() => told.length === 3);
      expect(told.splice(0)).toEqual(["ADDED a", "ADDED b", "DELETED a"]);
      // What the watch doesn't select moves only its bookmark on.
      await client.create(map("unseen", {}));
      const before = Number(last);
      // A kube-apiserver sends one a minute; the embedded API also before it ends a watch, however short.
      for (const timeoutSeconds of [3, 150])
        if (!told.includes("BOOKMARK")) await follow(() => told.includes("BOOKMARK"), timeoutSeconds);
      expect(Number(last)).toBeGreaterThan(before);
      await client.create(map("c", {}, { resumed: "yes" }));
      await follow(() => told.includes("ADDED c"));
      expect(told.filter((event) => event !== "BOOKMARK")).toEqual(["ADDED c"]);
    });

    test("a version that can't be watched any more, or not yet, is an error", async () => {
      const watch = async (resourceVersion: string) => {
        for await (const event of client.watch(kinds.ConfigMap, {
          namespace,
          resourceVersion,
          timeoutSeconds: 5,
          signal: AbortSignal.timeout(5000),
        }))
          return event;
        return undefined;
      };
      // 400 of the embedded API, 500 of a kube-apiserver.
      const status = expect.toSatisfy((code: number) => code === 400 || code === 500);
      await expect(watch("not-a-version")).rejects.toMatchObject({ code: "kube/status", status });
    });

    test("a reflector's view ends as the API's list, under steady change", async () => {
      const reflector = new Reflector<ConfigMap>({
        client,
        kind: kinds.ConfigMap,
        namespace,
        labelSelector: "churn",
        pageSize: 5,
        watchSeconds: 1,
      });
      const told = new Map<string, string>();
      const wrong: string[] = [];
      reflector.listen({
        added: ({ metadata }) => {
          if (told.has(metadata.name)) wrong.push(`added twice: ${metadata.name}`);
          told.set(metadata.name, metadata.resourceVersion!);
        },
        modified: ({ metadata }) => {
          if (!told.has(metadata.name)) wrong.push(`modified before added: ${metadata.name}`);
          told.set(metadata.name, metadata.resourceVersion!);
        },
        deleted: ({ metadata }) => {
          if (!told.delete(metadata.name)) wrong.push(`deleted before added: ${metadata.name}`);
        },
      });
      reflector.start();
      for (let at = 0; at < 60; at++) {
        const name = `c${at % 11}`;
        if (at % 7 === 3) await client.delete(kinds.ConfigMap, ref(name));
        else await client.apply(map(name, { at: String(at) }, { churn: "yes" }), { fieldManager: "churn" });
      }
      const truth = await client.listAll(kinds.ConfigMap, { namespace, labelSelector: "churn" });
      const view = (items: Iterable<KubeObject>) =>
        [...items].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).toSorted();
      await eventually(() => expect(view(reflector.values())).toEqual(view(truth.items)));
      expect([...told].map(([name, version]) => `${name}@${version}`).toSorted()).toEqual(view(truth.items));
      expect(wrong).toEqual([]);
      await reflector.stop();
    });
  });
}
