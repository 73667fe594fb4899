import { describe, expect, it } from "vitest";
import { kinds } from "../../objects/kinds.ts";
import type { Deployment, Service } from "../../objects/core.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { VirtualService } from "../../objects/istio.ts";
import { ApiError } from "./api-error.ts";
import { parseFieldsV1, paths } from "./field-set.ts";
import type { ObjectStore } from "./object-store.ts";
import { configMap, deployment, newStore } from "./testing.ts";

const data = (store: ObjectStore): unknown => (store.get(kinds.ConfigMap, "default", "c") as { data?: unknown }).data;
const fieldsOwnedBy = (object: KubeObject, manager: string): string[] =>
  object.metadata.managedFields
    ?.filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 }) => paths(parseFieldsV1(fieldsV1))) ?? [];
function refusal(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("server-side apply", () => {
  it("creates, says who owns what, and takes away what its owner leaves out", () => {
    const store = newStore();
    const created = store.apply(kinds.ConfigMap, configMap("c", { a: "1", b: "2" }), { manager: "quipu" });
    expect(created.metadata.managedFields).toEqual([
      {
        manager: "quipu",
        operation: "Apply",
        apiVersion: "v1",
        time: "2026-01-02T03:04:05Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:data": { "f:a": {}, "f:b": {} } },
      },
    ]);
    store.apply(kinds.ConfigMap, configMap("c", { a: "1" }), { manager: "quipu" });
    expect(data(store)).toEqual({ a: "1" });
  });

  it("is no change when nothing changes", () => {
    const store = newStore();
    const first = store.apply(kinds.Deployment, deployment("web"), { manager: "quipu" });
    expect(store.apply(kinds.Deployment, deployment("web"), { manager: "quipu" }).metadata.resourceVersion).toBe(
      first.metadata.resourceVersion,
    );
  });

  it("refuses another's field with another value, naming owner and field, until forced", () => {
    const store = newStore();
    store.apply(kinds.ConfigMap, configMap("c", { a: "1", b: "1" }), { manager: "quipu" });
    const error = refusal(() =>
      store.apply(kinds.ConfigMap, configMap("c", { a: "2", b: "2", d: "2" }), { manager: "other" }),
    );
    expect(error.toStatus()).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 2 conflicts: conflicts with "quipu":\n- .data.a\n- .data.b',
      details: {
        causes: [".data.a", ".data.b"].map((field) => ({
          reason: "FieldManagerConflict",
          message: 'conflict with "quipu"',
          field,
        })),
      },
    });
    expect(data(store)).toEqual({ a: "1", b: "1" });
    const forced = store.apply(kinds.ConfigMap, configMap("c", { a: "2" }), { manager: "other", force: true });
    expect([fieldsOwnedBy(forced, "quipu"), fieldsOwnedBy(forced, "other"), data(store)]).toEqual([
      [".data.b"],
      [".data.a"],
      { a: "2", b: "1" },
    ]);
  });

  it("shares a field whose value is the same, and keeps it until its last owner goes", () => {
    const store = newStore();
    store.apply(kinds.ConfigMap, configMap("c", { a: "1" }), { manager: "one" });
    store.apply(kinds.ConfigMap, configMap("c", { a: "1" }), { manager: "two" });
    store.apply(kinds.ConfigMap, configMap("c", {}), { manager: "one" });
    expect(data(store)).toEqual({ a: "1" });
    store.apply(kinds.ConfigMap, configMap("c", {}), { manager: "two" });
    expect((data(store) as { a?: string } | undefined)?.a).toBeUndefined();
  });

  it("names an updater's version and time in a conflict", () => {
    const store = newStore();
    store.create(
      kinds.Deployment,
      { ...deployment("web"), spec: { ...deployment("web").spec!, replicas: 2 } },
      { manager: "kubectl-create" },
    );
    const wanted = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default" },
      spec: { replicas: 3 },
    } as Deployment;
    expect(refusal(() => store.apply(kinds.Deployment, wanted, { manager: "quipu" })).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1 at 2026-01-02T03:04:05Z: .spec.replicas',
    );
    store.patch(
      kinds.Deployment,
      "default",
      "web",
      { type: "merge", patch: { spec: { replicas: 5 } } },
      { manager: "scaler", subresource: "scale" },
    );
    expect(refusal(() => store.apply(kinds.Deployment, wanted, { manager: "quipu" })).message).toContain(
      'conflict with "scaler" with subresource "scale" using apps/v1 at',
    );
  });

  it("leaves to an autoscaler the replicas that an applier no longer names", () => {
    const store = newStore();
    const full = { ...deployment("web"), spec: { ...deployment("web").spec!, replicas: 2 } };
    store.apply(kinds.Deployment, full, { manager: "quipu" });
    store.patch(
      kinds.Deployment,
      "default",
      "web",
      { type: "merge", patch: { spec: { replicas: 7 } } },
      { manager: "autoscaler", subresource: "scale" },
    );
    store.apply(kinds.Deployment, deployment("web"), { manager: "quipu" });
    expect(store.get<Deployment>(kinds.Deployment, "default", "web")!.spec!.replicas).toBe(7);
  });

  it("merges containers, their ports and environment by key", () => {
    const store = newStore();
    const spec = (containers: unknown[]): Deployment => {
      const base = deployment("web");
      return {
        ...base,
        spec: { ...base.spec!, template: { ...base.spec!.template, spec: { containers: containers as never } } },
      };
    };
    store.apply(
      kinds.Deployment,
      spec([
        {
          name: "app",
          image: "a:1",
          env: [
            { name: "A", value: "1" },
            { name: "B", value: "2" },
          ],
          ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "UDP" }],
        },
      ]),
      { manager: "quipu" },
    );
    const both = store.apply(
      kinds.Deployment,
      spec([
        { name: "app", image: "a:1", env: [{ name: "C", value: "3" }] },
        { name: "side", image: "s:1" },
      ]),
      { manager: "injector" },
    );
    expect(both.spec!.template.spec.containers).toMatchObject([
      {
        name: "app",
        env: [{ name: "A" }, { name: "B" }, { name: "C" }],
        ports: [
          { containerPort: 80, protocol: "TCP" },
          { containerPort: 80, protocol: "UDP" },
        ],
      },
      { name: "side" },
    ]);
    const fewer = store.apply(
      kinds.Deployment,
      spec([
        {
          name: "app",
          image: "a:1",
          env: [{ name: "B", value: "2" }],
          ports: [{ containerPort: 80, protocol: "UDP" }],
        },
      ]),
      { manager: "quipu" },
    );
    expect(fewer.spec!.template.spec.containers).toMatchObject([
      { name: "app", env: [{ name: "B" }, { name: "C" }], ports: [{ containerPort: 80, protocol: "UDP" }] },
      { name: "side" },
    ]);
    expect(fewer.spec!.template.spec.containers[0]!.ports).toHaveLength(1);
    expect(
      refusal(() =>
        store.apply(
          kinds.Deployment,
          spec([
            { name: "app", image: "a" },
            { name: "app", image: "b" },
          ]),
          { manager: "x" },
        ),
      ),
    ).toMatchObject({ code: 400, message: expect.stringContaining("duplicate entries for key") });
  });

  it("drops a list item with its defaults, and merges service ports by port and protocol", () => {
    const store = newStore();
    const service = (ports: { name: string; port: number }[]): Service => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "default" },
      spec: { selector: { app: "web" }, ports },
    });
    store.apply(
      kinds.Service,
      service([
        { name: "http", port: 80 },
        { name: "grpc", port: 81 },
      ]),
      { manager: "quipu" },
    );
    const next = store.apply(kinds.Service, service([{ name: "grpc", port: 81 }]), { manager: "quipu" });
    expect(next.spec!.ports).toEqual([{ name: "grpc", port: 81, protocol: "TCP", targetPort: 81 }]);
    expect(fieldsOwnedBy(next, "quipu")).toContain('.spec.ports[port=81,protocol="TCP"].port');
  });

  it("treats lists of custom resources as one value", () => {
    const store = newStore();
    const route = (...names: string[]): VirtualService => ({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "web", namespace: "default" },
      spec: { http: names.map((name) => ({ name })) },
    });
    const first = store.apply(kinds.VirtualService, route("a", "b"), { manager: "quipu" });
    expect(fieldsOwnedBy(first, "quipu")).toEqual([".spec.http"]);
    expect(
      refusal(() => store.apply(kinds.VirtualService, route("a"), { manager: "other" })).details?.causes?.[0]?.field,
    ).toBe(".spec.http");
    expect(store.apply(kinds.VirtualService, route("c"), { manager: "quipu" }).spec!.http).toEqual([{ name: "c" }]);
  });

  it("doesn't touch status, and status leaves the rest alone", () => {
    const store = newStore();
    store.apply(kinds.Deployment, { ...deployment("web"), status: { readyReplicas: 9 } }, { manager: "quipu" });
    expect(store.get(kinds.Deployment, "default", "web")!.status).toBeUndefined();
    const status = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default" },
      spec: { replicas: 9 },
      status: { readyReplicas: 1 },
    } as Deployment;
    expect(store.apply(kinds.Deployment, status, { manager: "controller", subresource: "status" })).toMatchObject({
      spec: { replicas: 1 },
      status: { readyReplicas: 1 },
    });
    expect(store.apply(kinds.Deployment, deployment("web"), { manager: "quipu" }).status).toEqual({ readyReplicas: 1 });
  });

  it("needs a manager and refuses managedFields of the client", () => {
    const store = newStore();
    expect(refusal(() => store.apply(kinds.ConfigMap, configMap("c", {}), { manager: "" })).code).toBe(400);
    expect(
      refusal(() =>
        store.apply(
          kinds.ConfigMap,
          { ...configMap("c", {}), metadata: { name: "c", namespace: "default", managedFields: [] } },
          { manager: "x" },
        ),
      ).message,
    ).toBe("metadata.managedFields must be nil");
  });
});
