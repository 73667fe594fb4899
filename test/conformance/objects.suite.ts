import { describe, expect, test } from "vitest";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { Deployment } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { client, connection, deployment, map, namespace, ref, service } from "./ground.ts";

export function objectsSuite(): void {
  describe("objects", () => {
    test("are made once, changed only at the version that was read, and deleted only as meant", async () => {
      const made = await client.create(map("a", { x: "1" }));
      expect(made.metadata).toMatchObject({
        name: "a",
        namespace,
        uid: expect.any(String),
        resourceVersion: expect.stringMatching(/^\d+$/),
        creationTimestamp: expect.any(String),
      });
      await expect(client.create(map("a", {}))).rejects.toMatchObject({ status: 409, reason: "AlreadyExists" });
      const changed = await client.update({ ...made, data: { x: "2" } });
      expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
      await expect(client.update({ ...made, data: { x: "3" } })).rejects.toMatchObject({
        status: 409,
        reason: "Conflict",
        conflicts: [],
      });
      await expect(
        client.delete(kinds.ConfigMap, ref("a"), { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } }),
      ).rejects.toMatchObject({ status: 409, reason: "Conflict" });
      expect(await client.delete(kinds.ConfigMap, ref("a"), { preconditions: { uid: made.metadata.uid! } })).toBe(true);
      expect(await client.delete(kinds.ConfigMap, ref("a"))).toBe(false);
      await expect(client.get(kinds.ConfigMap, ref("a"))).rejects.toMatchObject({
        status: 404,
        reason: "NotFound",
        details: { name: "a", kind: "configmaps" },
      });
      await expect(
        client.create({ ...map("b", {}), metadata: { name: "b", namespace: "nowhere-at-all" } }),
      ).rejects.toMatchObject({ status: 404 });
    });

    test("that are wrong are refused with the field", async () => {
      await expect(
        client.apply(service({ selector: { app: "web" }, ports: [{ port: 70_000 }] }), { fieldManager: "one" }),
      ).rejects.toMatchObject({
        status: 422,
        reason: "Invalid",
        details: { causes: [{ field: "spec.ports[0].port" }, { field: "spec.ports[0].targetPort" }] },
      });
    });

    test("get the defaults of their kind; generation counts changes of the spec alone; status is written apart", async () => {
      const made = await client.create(deployment({ ports: [{ containerPort: 80 }] }));
      expect(made).toMatchObject({
        metadata: { generation: 1 },
        spec: {
          replicas: 1,
          strategy: { type: "RollingUpdate" },
          template: { spec: { restartPolicy: "Always", containers: [{ ports: [{ protocol: "TCP" }] }] } },
        },
      });
      const labelled = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        { metadata: { labels: { a: "b" } } },
        "merge",
      );
      expect(labelled.metadata.generation).toBe(1);
      const status = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        { spec: { replicas: 7 }, status: { replicas: 3 } },
        "merge",
        { subresource: "status" },
      );
      expect(status).toMatchObject({ metadata: { generation: 1 }, spec: { replicas: 1 }, status: { replicas: 3 } });
      const scaled = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        { spec: { replicas: 7 }, status: { replicas: 9 } },
        "merge",
      );
      expect(scaled).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 7 } });
      // A controller may have counted by now.
      expect(scaled.status?.replicas).not.toBe(9);
    });

    test("are patched in three ways", async () => {
      await client.create(deployment({ env: [{ name: "A", value: "1" }] }));
      const strategic = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        { spec: { template: { spec: { containers: [{ name: "app", env: [{ name: "B", value: "2" }] }] } } } },
        "strategic-merge",
      );
      expect(strategic.spec?.template.spec.containers[0]?.env?.map(({ name }) => name).toSorted()).toEqual(["A", "B"]);
      const json = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "example/app:2" }],
        "json",
      );
      expect(json.spec?.template.spec.containers[0]?.image).toBe("example/app:2");
      const merge = await client.patch<Deployment>(
        kinds.Deployment,
        ref("web"),
        { spec: { template: { spec: { containers: [{ name: "app", image: "example/app:3" }] } } } },
        "merge",
      );
      expect(merge.spec?.template.spec.containers[0]).not.toHaveProperty("env");
    });
  });

  test("nobody without credentials reads objects, and a wrong token is nobody", async () => {
    const { cert: _cert, key: _key, token: _token, ...anonymous } = connection;
    for (const given of [anonymous, { ...anonymous, token: "wrong" }]) {
      const nobody = new KubeClient(given);
      await expect(nobody.list(kinds.ConfigMap, { namespace })).rejects.toMatchObject({
        code: "kube/status",
        status: expect.toSatisfy((status: number) => status === 401 || status === 403),
      });
      await nobody.close();
    }
    const stranger = new KubeClient({
      server: connection.server,
      ...(connection.token !== undefined && { token: connection.token }),
    });
    await expect(stranger.raw("/version")).rejects.toMatchObject({
      code: "kube/unreachable",
      message: expect.stringMatching(/certificate/),
    });
    await stranger.close();
  });
}
