import { describe, expect, test } from "vitest";
import type { Deployment } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { client, deployment, map, ref, service, virtualService } from "./ground.ts";

/** Which fields server-side apply says are whose, and how lists merge by what their schema says of them. */
export function ownershipSuite(): void {
  describe("ownership", () => {
    const apply = async <T extends KubeObject>(object: T, fieldManager: string, options: object = {}): Promise<T> =>
      (await client.apply(object, { fieldManager, ...options })).object;
    const fieldsOf = (object: KubeObject, manager: string) =>
      object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

    test("is told field by field: of a Deployment", async () => {
      const container = {
        ports: [{ name: "http", containerPort: 80 }],
        env: [{ name: "A", value: "1" }],
        resources: { requests: { cpu: "1" } },
      };
      expect(fieldsOf(await apply(deployment(container, { replicas: 2 }), "one"), "one")).toEqual({
        "f:spec": {
          "f:replicas": {},
          "f:selector": {},
          "f:template": {
            "f:metadata": { "f:labels": { "f:app": {} } },
            "f:spec": {
              "f:containers": {
                'k:{"name":"app"}': {
                  ".": {},
                  "f:name": {},
                  "f:image": {},
                  "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
                  "f:ports": {
                    'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {}, "f:name": {} },
                  },
                  "f:resources": { "f:requests": { "f:cpu": {} } },
                },
              },
            },
          },
        },
      });
    });

    test("is told field by field: of a Service, a ConfigMap with labels, and an object of Istio's", async () => {
      const ports = [{ name: "http", port: 80, targetPort: "http" }];
      expect(fieldsOf(await apply(service({ selector: { app: "web" }, ports }), "one"), "one")).toEqual({
        "f:spec": {
          "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:name": {}, "f:port": {}, "f:targetPort": {} } },
          "f:selector": {},
        },
      });
      const labelled = map("a", { x: "1" }, { l: "1" });
      labelled.metadata = {
        ...labelled.metadata,
        annotations: { "example.com/a": "1" },
        finalizers: ["example.com/f"],
      };
      expect(fieldsOf(await apply(labelled, "one"), "one")).toEqual({
        "f:data": { "f:x": {} },
        "f:metadata": {
          "f:annotations": { "f:example.com/a": {} },
          "f:finalizers": { 'v:"example.com/f"': {} },
          "f:labels": { "f:l": {} },
        },
      });
      await client.patch(kinds.ConfigMap, ref("a"), { metadata: { finalizers: null } }, "merge");
      const route = virtualService({
        hosts: ["web"],
        http: [{ timeout: "3s", route: [{ destination: { host: "web" } }] }],
      });
      expect(fieldsOf(await apply(route, "one"), "one")).toEqual({ "f:spec": { "f:hosts": {}, "f:http": {} } });
    });

    test("of an update is what it set", async () => {
      const made = await client.create(map("a", { x: "1" }, { l: "1" }), { fieldManager: "hand" });
      expect(fieldsOf(made, "hand")).toEqual({
        "f:data": { ".": {}, "f:x": {} },
        "f:metadata": { "f:labels": { ".": {}, "f:l": {} } },
      });
      const changed = await client.patch(kinds.ConfigMap, ref("a"), { data: { y: "1" } }, "merge", {
        fieldManager: "other",
      });
      expect(fieldsOf(changed, "other")).toEqual({ "f:data": { "f:y": {} } });
    });

    test("containers, their ports and their environment merge by key", async () => {
      await apply(deployment({ env: [{ name: "A", value: "1" }], ports: [{ containerPort: 80 }] }), "one");
      const sidecar = (container: object): KubeObject => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: ref("web"),
        spec: {
          template: {
            spec: {
              containers: [
                { name: "app", ...container },
                { name: "log", image: "example/log:1" },
              ],
            },
          },
        },
      });
      const both = (await apply(
        sidecar({ env: [{ name: "B", value: "2" }], ports: [{ containerPort: 81, name: "more" }] }),
        "two",
      )) as Deployment;
      const containers = both.spec!.template.spec.containers;
      expect(containers.map(({ name }) => name)).toEqual(["app", "log"]);
      expect(containers[0]).toMatchObject({
        image: "example/app:1",
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
        ports: [{ containerPort: 80 }, { containerPort: 81 }],
      });
      await expect(
        apply(sidecar({ env: [{ name: "A", value: "9" }], image: "example/app:9" }), "two"),
      ).rejects.toMatchObject({
        conflicts: [
          { field: '.spec.template.spec.containers[name="app"].image', manager: "one" },
          { field: '.spec.template.spec.containers[name="app"].env[name="A"].value', manager: "one" },
        ],
      });
      const alone = await apply(deployment({ ports: [{ containerPort: 80 }] }), "one");
      expect(alone.spec!.template.spec.containers[0]!.env).toEqual([{ name: "B", value: "2" }]);
    });

    test("ports of a Service are told apart by protocol, too", async () => {
      await apply(service({ selector: { app: "web" }, ports: [{ name: "dns", port: 53 }] }), "one");
      const more = service({ ports: [{ name: "dns-udp", port: 53, protocol: "UDP" }] });
      const both = await apply(more, "two");
      expect(both.spec?.ports?.map(({ name }) => name)).toEqual(["dns", "dns-udp"]);
      await expect(apply(service({ ports: [{ name: "taken", port: 53 }] }), "two")).rejects.toMatchObject({
        conflicts: [{ field: '.spec.ports[port=53,protocol="TCP"].name', manager: "one" }],
      });
    });

    test("lists that are sets are the union of what their owners want", async () => {
      const held = (...finalizers: string[]) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { ...ref("a"), finalizers },
      });
      await apply(held("example.com/a", "example.com/b"), "one");
      expect((await apply(held("example.com/b", "example.com/c"), "two")).metadata.finalizers).toEqual(
        expect.arrayContaining(["example.com/a", "example.com/b", "example.com/c"]),
      );
      const left = await apply(held("example.com/a"), "one");
      expect(left.metadata.finalizers?.toSorted()).toEqual(["example.com/a", "example.com/b", "example.com/c"]);
      expect((await apply(held(), "two")).metadata.finalizers).toEqual(["example.com/a"]);
      await client.patch(kinds.ConfigMap, ref("a"), { metadata: { finalizers: null } }, "merge");
    });

    test("conditions merge by type, under the status alone", async () => {
      await client.create(deployment({}, { paused: true, replicas: 0 }));
      const status = (type: string, reason: string): Deployment => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: ref("web"),
        status: { conditions: [{ type, status: "True", reason }] },
      });
      await apply(status("One", "first"), "one", { subresource: "status" });
      const both = await apply(status("Two", "second"), "two", { subresource: "status" });
      const types = (object: Deployment) => object.status?.conditions?.map(({ type }) => type);
      expect(types(both)).toEqual(expect.arrayContaining(["One", "Two"]));
      expect(both.metadata.managedFields?.find(({ manager }) => manager === "two")).toMatchObject({
        operation: "Apply",
        subresource: "status",
        fieldsV1: { "f:status": { "f:conditions": { 'k:{"type":"Two"}': { ".": {}, "f:type": {} } } } },
      });
      await expect(apply(status("One", "taken"), "two", { subresource: "status" })).rejects.toMatchObject({
        conflicts: [{ field: '.status.conditions[type="One"].reason', manager: "one" }],
      });
    });

    test("Istio's lists change as a whole; its spec counts generations; its status is apart", async () => {
      const route = (timeout: string) =>
        virtualService({ hosts: ["web"], http: [{ timeout, route: [{ destination: { host: "web" } }] }] });
      expect((await apply(route("1s"), "one")).metadata.generation).toBe(1);
      await expect(apply(route("2s"), "two")).rejects.toMatchObject({
        conflicts: [{ field: ".spec.http", manager: "one" }],
      });
      const changed = await apply(route("2s"), "one");
      expect(changed.metadata.generation).toBe(2);
      const labelled = await client.patch(
        kinds.VirtualService,
        ref("web"),
        { metadata: { labels: { a: "b" } } },
        "merge",
      );
      expect(labelled.metadata.generation).toBe(2);
      const status = await client.patch<KubeObject>(
        kinds.VirtualService,
        ref("web"),
        { spec: { hosts: ["other"] }, status: { observedGeneration: 2 } },
        "merge",
        { subresource: "status" },
      );
      expect(status).toMatchObject({ metadata: { generation: 2 }, spec: { hosts: ["web"] } });
    });

    test("a dry run of any write changes nothing", async () => {
      expect((await client.create(map("a", {}), { dryRun: true })).metadata.uid).toEqual(expect.any(String));
      expect(await client.find(kinds.ConfigMap, ref("a"))).toBeUndefined();
      const made = await client.create(map("a", { x: "1" }));
      expect((await client.update({ ...made, data: { x: "2" } }, { dryRun: true })).data).toEqual({ x: "2" });
      const patched = await client.patch(kinds.ConfigMap, ref("a"), { data: { x: "3" } }, "merge", { dryRun: true });
      expect(patched).toMatchObject({ data: { x: "3" } });
      expect(await client.get(kinds.ConfigMap, ref("a"))).toEqual(made);
    });
  });
}
