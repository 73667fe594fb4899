import { describe, expect, test } from "vitest";
import {
  app,
  at,
  deployment,
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
import type { Deployment, Service } from "../../src/objects/core.ts";
import type { AuthorizationPolicy, VirtualService } from "../../src/objects/istio.ts";
import { baseline } from "../../src/fleet/bootstrap.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { keyText, objectKey } from "../../src/fleet/desired.ts";

const scaler = (minReplicas: number): KubeObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: at("checkout"),
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "checkout" },
    ...{ minReplicas, maxReplicas: 9 },
  },
});
const replicas = async () => (await kube.get<Deployment>(kinds.Deployment, at("checkout"))).spec?.replicas;

export function workerSuite(): void {
  describe("apply", () => {
    test("everything, in dependency order, with our marks; then nothing more; then only what changes", async () => {
      desired.change(7, { put: [...app("checkout").toReversed(), namespace()] });
      const { applied, told, events, worker } = start({ concurrency: 1 });
      await applied(7);
      expect(told()).toEqual([
        `applied Namespace ${money}`,
        `applied ServiceAccount ${money}/checkout`,
        `applied Service ${money}/checkout`,
        `applied Deployment ${money}/checkout`,
        `applied VirtualService ${money}/checkout`,
      ]);
      const live = await kube.get<Service>(kinds.Service, at("checkout"));
      expect(live.metadata).toMatchObject({
        labels: { "quipu.dev/managed": "true" },
        annotations: { "quipu.dev/row-revision": "7" },
      });
      expect(live.metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toContainEqual([
        "quipu",
        "Apply",
      ]);

      events.length = 0;
      desired.change(8, { put: [service("checkout", 81)] });
      await applied(8);
      expect(told()).toEqual([`applied Service ${money}/checkout`]);
      expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(81);
      desired.change(9, { put: [service("checkout", 81)], rowRevision: 8 });
      desired.change(10, {});
      await applied(10);
      expect(told()).toHaveLength(1);
      // Rows changed, and what they say of it didn't: there is nothing to write.
      desired.change(11, { put: [service("checkout", 81)] });
      await applied(11);
      expect(told()).toHaveLength(1);
      expect(worker.status()).toMatchObject({ pending: 0, failures: [] });
    });

    test("a field that isn't wanted any more goes", async () => {
      desired.change(1, { put: [namespace(), deployment("checkout", { minReadySeconds: 5 })] });
      const { applied } = start();
      await applied(1);
      desired.change(2, { put: [deployment("checkout")] });
      await applied(2);
      expect((await kube.get<Deployment>(kinds.Deployment, at("checkout"))).spec).not.toHaveProperty("minReadySeconds");
    });

    test("what is refused is told by name and tried again; others go on; the revision waits for it", async () => {
      const broken = {
        ...service("broken"),
        spec: { selector: { app: "x" }, ports: [{ name: "http", port: 700_000 }] },
      };
      desired.change(3, { put: [namespace(), broken, virtualService("broken"), ...app("checkout")] });
      const { seen, events, applied } = start();
      await eventually(() =>
        expect(events.map((event) => event.type === "applied" && keyText(event.key))).toContain(
          `VirtualService ${money}/checkout`,
        ),
      );
      await eventually(() =>
        expect(seen()).toMatchObject({
          applied: 0,
          beyond: {
            upTo: 3,
            missing: [{ from: 1, to: 3, apps: ["broken"], error: expect.stringMatching(/ports.*port/) as string }],
          },
          trouble: expect.stringMatching(/^Service \S+\/broken: .*ports.*port/),
        }),
      );
      expect(await kube.find(kinds.VirtualService, at("broken"))).toBeUndefined();
      // Several revisions that are heard of at once: any of them may have wanted it.
      desired.change(6, { put: [{ ...broken, spec: { ...broken.spec, selector: { app: "y" } } }] });
      await eventually(() => expect(seen().beyond?.missing.at(-1)).toMatchObject({ from: 4, to: 6 }));
      desired.change(7, { put: [service("broken")] });
      await applied(7);
      await eventually(() => expect(seen().trouble).toBeUndefined());
      expect(await kube.find(kinds.VirtualService, at("broken"))).toBeDefined();
    });

    test("an object that carries a later revision is left alone, and isn't taken for applied while it is another", async () => {
      desired.change(5, { put: [namespace(), service("checkout")] });
      const newer = {
        ...service("checkout", 99),
        metadata: {
          ...service("checkout").metadata,
          labels: { ...service("checkout").metadata.labels, "quipu.dev/managed": "true" },
          annotations: { "quipu.dev/row-revision": "9" },
        },
      };
      await other.create(namespace());
      await other.apply(newer, { fieldManager: "quipu" });
      const { events, seen, applied } = start();
      const why = /^Service \S+\/checkout: it carries the later revision 9, and is another than revision 5 wants/;
      await eventually(() =>
        expect(seen()).toMatchObject({ applied: 0, trouble: expect.stringMatching(why) as string }),
      );
      expect(events).toContainEqual({ type: "yielded", key: objectKey(service("checkout")), found: 9 });
      expect((await kube.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(99);
      desired.change(6, { put: [service("checkout", 99)] });
      await applied(6);
      expect(seen()).not.toHaveProperty("trouble");
    });

    test("an autoscaler's Deployment keeps its replicas, also when the autoscaler comes later", async () => {
      desired.change(1, { put: [namespace(), deployment("checkout", { replicas: 4 })] });
      const { applied } = start();
      await applied(1);
      desired.change(2, { put: [scaler(2)] });
      await applied(2);
      expect(await replicas()).toBe(4);
      await other.patch(kinds.Deployment, at("checkout"), { spec: { replicas: 7 } }, "merge", {
        fieldManager: "autoscaler",
      });
      desired.change(3, { put: [deployment("checkout", { replicas: 4, minReadySeconds: 1 })] });
      await applied(3);
      expect(await replicas()).toBe(7);
    });

    test("an autoscaler's least number is there at once: when its Deployment is made, and when it is raised", async () => {
      desired.change(1, { put: [namespace(), deployment("checkout"), scaler(3)] });
      const { applied } = start();
      await applied(1);
      expect(await replicas()).toBe(3);
      desired.change(2, { put: [scaler(6)] });
      await applied(2);
      expect(await replicas()).toBe(6);
      // By nobody else: an autoscaler would have come to it, too, but later.
      const { metadata } = await kube.get<Deployment>(kinds.Deployment, at("checkout"));
      const holders = metadata.managedFields?.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes("f:replicas"));
      expect(holders?.map(({ manager, operation }) => `${manager} ${operation}`)).toContain("quipu-handover Apply");

      const scaled = async (number: number) => {
        const body = { spec: { replicas: number } };
        await other.patch(kinds.Deployment, at("checkout"), body, "merge", { fieldManager: "autoscaler" });
      };
      await scaled(8);
      desired.change(3, { put: [scaler(7)] });
      await applied(3);
      expect(await replicas()).toBe(8);
      // Somebody has turned autoscaling off.
      await scaled(0);
      desired.change(4, { put: [scaler(9)] });
      await applied(4);
      expect(await replicas()).toBe(0);
    });
  });

  describe("drift", () => {
    test("a policy that allows nobody, opened by hand, is closed again", async () => {
      const quiet = baseline().find(({ kind }) => kind === "AuthorizationPolicy")!;
      const policy = { ...quiet, metadata: { ...quiet.metadata, ...at("nobody") } };
      desired.change(1, { put: [namespace(), policy] });
      const { applied, events } = start();
      await applied(1);
      const opened = { spec: { rules: [{}] } };
      await other.patch(kinds.AuthorizationPolicy, at("nobody"), opened, "merge", { fieldManager: "vandal" });
      await eventually(async () => {
        const { spec } = await kube.get<AuthorizationPolicy>(kinds.AuthorizationPolicy, at("nobody"));
        expect(spec?.rules ?? []).toEqual([]);
      });
      await eventually(() => expect(events.some(({ type }) => type === "drift")).toBe(true));
    });

    test("a changed and a taken field are put right, and told with the one who did it", async () => {
      desired.change(1, { put: [namespace(), deployment("checkout")] });
      const { applied, events } = start();
      await applied(1);
      await other.patch(
        kinds.Deployment,
        at("checkout"),
        {
          metadata: { labels: { app: "stolen", theirs: "stays" }, annotations: { "example.com/operator": "was here" } },
          spec: { minReadySeconds: 9 },
        },
        "merge",
        { fieldManager: "vandal" },
      );
      const drift = await eventually(
        () => events.find((event) => event.type === "drift") ?? expect.fail("no drift yet"),
      );
      expect(drift).toMatchObject({
        key: `apps/v1/Deployment/${money}/checkout`,
        drift: {
          ...{ deleted: false, managers: ["vandal"] },
          fields: [{ field: ".metadata.labels.app", found: "stolen", wanted: "checkout", managers: ["vandal"] }],
        },
      });
      const live = await kube.get<Deployment>(kinds.Deployment, at("checkout"));
      expect(live.metadata.labels).toMatchObject({ app: "checkout", theirs: "stays" });
      expect(live.metadata.annotations).toMatchObject({ "example.com/operator": "was here" });
      // What isn't ours is theirs to set.
      expect(live.spec?.minReadySeconds).toBe(9);
    });

    test("a deleted object is made again", async () => {
      desired.change(1, { put: [namespace(), service("checkout")] });
      const { applied, events } = start();
      await applied(1);
      await other.delete(kinds.Service, at("checkout"));
      await eventually(async () => expect(await kube.find(kinds.Service, at("checkout"))).toBeDefined());
      await eventually(() =>
        expect(events).toContainEqual({
          type: "drift",
          key: objectKey(service("checkout")),
          drift: { deleted: true, fields: [], managers: [] },
        }),
      );
    });

    test("a later revision that somebody writes on an object by hand makes it nobody's but ours", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout")] });
      const { applied, told } = start();
      await applied(1);
      await other.patch(
        kinds.VirtualService,
        at("checkout"),
        { metadata: { annotations: { "quipu.dev/row-revision": "999999" } }, spec: { hosts: ["theirs"] } },
        "merge",
        { fieldManager: "vandal" },
      );
      const live = () => kube.get<VirtualService>(kinds.VirtualService, at("checkout"));
      await eventually(async () => expect((await live()).spec?.hosts).toEqual(["checkout"]));
      expect((await live()).metadata.annotations).toMatchObject({ "quipu.dev/row-revision": "1" });
      expect(told()).not.toContain(`yielded VirtualService ${money}/checkout`);
    });

    test("what happened while nobody looked is found at the next start; without it a start writes nothing", async () => {
      desired.change(1, { put: [namespace(), ...app("checkout")] });
      const first = start();
      await first.applied(1);
      await first.worker.stop();
      // Of a kind that no controller writes to.
      const version = async () => (await kube.get(kinds.Service, at("checkout"))).metadata.resourceVersion;
      const before = await version();
      const second = start();
      await second.applied(1);
      expect(second.events).toEqual([]);
      expect(await version()).toBe(before);
      await second.worker.stop();
      await other.patch(kinds.VirtualService, at("checkout"), { spec: { http: [] } }, "merge");
      const third = start();
      await eventually(() =>
        expect(third.told()).toEqual([
          `drift VirtualService ${money}/checkout`,
          `applied VirtualService ${money}/checkout`,
        ]),
      );
      expect(
        (await kube.get<KubeObject<{ http: unknown[] }>>(kinds.VirtualService, at("checkout"))).spec?.http,
      ).toHaveLength(1);
    });
  });
}
