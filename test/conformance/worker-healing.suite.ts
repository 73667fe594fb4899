import { describe, expect, test } from "vitest";
import {
  app,
  at,
  desired,
  eventually,
  kube,
  money,
  namespace,
  other,
  service,
  start,
  virtualService,
} from "../harness/workers.ts";
import { jumpingClock } from "../harness/jumping-clock.ts";
import { Healing } from "../../src/fleet/healing.ts";
import { objectKey } from "../../src/fleet/desired.ts";
import type { Service } from "../../src/objects/core.ts";
import type { VirtualService } from "../../src/objects/istio.ts";
import { kinds } from "../../src/objects/kinds.ts";

const hour = 3_600_000;
const paused = (more: object = {}) => [{ until: Date.now() + hour, why: "at night", ...more }];
const editTimeout = (name: string, timeout: string) =>
  other.patch(
    kinds.VirtualService,
    at(name),
    { spec: { http: [{ timeout, route: [{ destination: { host: name } }] }] } },
    "merge",
    { fieldManager: "vandal" },
  );
const timeoutOf = async (name: string) =>
  (await kube.get<VirtualService>(kinds.VirtualService, at(name))).spec?.http?.[0]?.timeout;
const waiting = (name: string) => ({
  object: `VirtualService ${money}/${name}`,
  app: name,
  fields: [{ field: ".spec.http[0].timeout", found: '"60s"', wanted: '"3s"', managers: ["vandal"] }],
  managers: ["vandal"],
  waits: "healing is paused: at night",
});

export function workerHealingSuite(): void {
  describe("while healing is paused", () => {
    test("what is changed or deleted is told, field by field, and stays; nothing waits for it; lifted, all is healed", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout")] });
      const healing = new Healing(paused());
      const { applied, seen, events, worker, told } = start({ healing });
      await applied(1);
      events.length = 0;
      await editTimeout("checkout", "60s");
      await other.delete(kinds.Service, at("checkout"));
      await eventually(() => {
        expect(seen()).toMatchObject({ applied: 1, drifting: 2 });
        expect(seen().drift).toContainEqual({ ...waiting("checkout"), at: expect.any(Number) as number });
        expect(seen().drift).toContainEqual({
          ...{ object: `Service ${money}/checkout`, app: "checkout", deleted: true, fields: [], managers: [] },
          ...{ waits: "healing is paused: at night", at: expect.any(Number) as number },
        });
      });
      // Something else that is wanted is applied all the same; of the drifted one there is nothing new but its rows.
      desired.change(2, { put: [...app("search"), virtualService("checkout")] });
      await applied(2);
      expect(told().filter((each) => !each.startsWith("applied"))).toEqual([
        expect.stringMatching(/^drift-waits /),
        expect.stringMatching(/^drift-waits /),
      ]);
      expect(await timeoutOf("checkout")).toBe("60s");
      expect(await kube.find(kinds.Service, at("checkout"))).toBeUndefined();
      expect(worker.status()).toMatchObject({ pending: 0, failures: [], drifting: 2 });
      expect(worker.status()).not.toHaveProperty("error");

      healing.set([]);
      await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined());
      await eventually(async () => expect(await timeoutOf("checkout")).toBe("3s"));
      await eventually(() => {
        expect(seen()).not.toHaveProperty("drifting");
        expect(seen().drift?.find(({ deleted }) => !deleted)?.fields).toEqual(waiting("checkout").fields);
        expect(seen().drift?.map(({ healedAt, waits }) => [typeof healedAt, waits])).toEqual([
          ["number", undefined],
          ["number", undefined],
        ]);
      });
    });

    test("of one app: others are healed", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
      const { applied, seen } = start({ healing: new Healing(paused({ apps: ["checkout"] })) });
      await applied(1);
      await editTimeout("checkout", "60s");
      await editTimeout("search", "60s");
      await eventually(async () => expect(await timeoutOf("search")).toBe("3s"));
      await eventually(() =>
        expect(seen().drift).toMatchObject([
          { ...waiting("checkout"), waits: "healing of checkout is paused: at night" },
          { object: `VirtualService ${money}/search`, healedAt: expect.any(Number) as number },
        ]),
      );
      expect(await timeoutOf("checkout")).toBe("60s");
    });

    test("a change that is wanted of a drifted object writes it whole, and what goes with that is told; others stay", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout"), service("gone")] });
      const { applied, seen, events } = start({ healing: new Healing(paused()) });
      await applied(1);
      await editTimeout("checkout", "60s");
      await other.patch(kinds.Service, at("checkout"), { spec: { selector: { app: "theirs" } } }, "merge", {
        fieldManager: "vandal",
      });
      await other.delete(kinds.Service, at("gone"));
      await eventually(() => expect(seen().drifting).toBe(3));
      desired.change(2, { put: [service("checkout", 81), service("gone", 81)] });
      await applied(2);
      const live = await kube.get<Service>(kinds.Service, at("checkout"));
      expect(live.spec).toMatchObject({ selector: { app: "checkout" }, ports: [{ port: 81 }] });
      expect(events).toContainEqual({
        type: "drift",
        key: objectKey(service("checkout")),
        drift: {
          fields: [{ field: ".spec.selector.app", found: "theirs", wanted: "checkout", managers: ["vandal"] }],
          ...{ deleted: false, managers: ["vandal"] },
        },
      });
      expect(events).toContainEqual({
        type: "drift",
        key: objectKey(service("gone")),
        drift: { fields: [], deleted: true, managers: [] },
      });
      expect(await timeoutOf("checkout")).toBe("60s");
      await eventually(() => expect(seen().drifting).toBe(1));
    });

    test("the end of the pause comes by itself", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout")] });
      const clock = jumpingClock();
      const pause = { until: clock.now() + 20_000, why: "at night" };
      const { applied, seen } = start({ healing: new Healing([pause]), clock });
      await applied(1);
      await editTimeout("checkout", "60s");
      await eventually(() => expect(seen().drift).toMatchObject([waiting("checkout")]));
      await other.delete(kinds.Service, at("checkout"));
      await eventually(() => expect(seen().drifting).toBe(2));
      clock.jump(20_001);
      await eventually(async () => expect(await timeoutOf("checkout")).toBe("3s"));
      await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined());
      await eventually(() => expect(seen()).not.toHaveProperty("drifting"));
    });

    test("what is being deleted when the pause ends holds nobody up, and is made anew when it is gone", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout")] });
      const healing = new Healing(paused());
      const { applied, seen } = start({ healing });
      await applied(1);
      await editTimeout("checkout", "60s");
      const hold = (finalizers: string[]) =>
        other.patch(kinds.VirtualService, at("checkout"), { metadata: { finalizers } }, "merge");
      await hold(["example.com/hold"]);
      await eventually(() => expect(seen().drifting).toBe(1));
      await other.delete(kinds.VirtualService, at("checkout"));
      healing.set([]);
      desired.change(2, { put: app("search") });
      await applied(2);
      expect(await timeoutOf("checkout")).toBe("60s");
      await hold([]);
      await eventually(async () =>
        expect((await kube.find<VirtualService>(kinds.VirtualService, at("checkout")))?.spec?.http?.[0]?.timeout).toBe(
          "3s",
        ),
      );
      await eventually(() => expect(seen()).not.toHaveProperty("drifting"));
    });

    test("undone by whoever did it: nothing waits any more; not wanted any more: neither", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
      const { applied, seen } = start({ healing: new Healing(paused()) });
      await applied(1);
      await editTimeout("checkout", "60s");
      await other.delete(kinds.Service, at("search"));
      await eventually(() => expect(seen().drifting).toBe(2));
      await editTimeout("checkout", "3s");
      await eventually(() => expect(seen().drifting).toBe(1));
      desired.change(2, { remove: [objectKey(service("search"))] });
      await applied(2);
      await eventually(() => expect(seen()).not.toHaveProperty("drifting"));
      expect(await kube.find(kinds.Service, at("search"))).toBeUndefined();
    });

    test("a worker that is started anew goes on with it, and sees what happened meanwhile", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
      const healing = new Healing(paused());
      const first = start({ healing });
      await first.applied(1);
      await editTimeout("checkout", "60s");
      await eventually(() => expect(first.seen().drifting).toBe(1));
      await first.worker.stop();
      await editTimeout("search", "60s");
      const second = start({ healing, last: first.seen() });
      await eventually(() => expect(second.seen().drifting).toBe(2));
      expect(second.told()).toEqual([`drift-waits VirtualService ${money}/search`]);
      expect(second.seen().drift?.find(({ app: of }) => of === "checkout")?.at).toBe(first.seen().drift![0]!.at);
      healing.set([]);
      await eventually(async () =>
        expect([await timeoutOf("checkout"), await timeoutOf("search")]).toEqual(["3s", "3s"]),
      );
    });
  });
}
