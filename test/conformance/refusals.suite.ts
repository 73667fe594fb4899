import { describe, expect, test } from "vitest";
import type { KubeError } from "../../src/kube/kube-error.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import { ask, client, deployment, map, namespace, ref, service, virtualService } from "./ground.ts";

const refusal = (work: Promise<unknown>): Promise<KubeError> =>
  work.then(
    () => expect.fail("not refused"),
    (error: unknown) => error as KubeError,
  );

export function refusalsSuite(): void {
  describe("refusals", () => {
    test("of what isn't there", async () => {
      expect(await refusal(client.get(kinds.Deployment, ref("nobody")))).toMatchObject({
        status: 404,
        reason: "NotFound",
        details: { name: "nobody", group: "apps", kind: "deployments" },
      });
      expect(await refusal(client.patch(kinds.VirtualService, ref("nobody"), {}, "merge"))).toMatchObject({
        status: 404,
        reason: "NotFound",
        details: { name: "nobody", group: "networking.istio.io", kind: "virtualservices" },
      });
      expect(await refusal(ask({ method: "GET", path: "/apis/nobody.example/v1/things" }))).toMatchObject({
        status: 404,
      });
      expect(await refusal(client.update(map("nobody", {})))).toMatchObject({ status: 404, reason: "NotFound" });
    });

    test("of values that can't be, each with its field", async () => {
      const wrong = await refusal(
        client.create({ ...deployment(), metadata: { ...ref("Not_A_Name"), labels: { "not/a/label": "x" } } }),
      );
      expect(wrong).toMatchObject({ status: 422, reason: "Invalid", details: { kind: "Deployment", group: "apps" } });
      expect(wrong.details.causes?.map(({ field }) => field)).toEqual(
        expect.arrayContaining(["metadata.name", "metadata.labels"]),
      );
      const other = deployment({}, { selector: { matchLabels: { app: "other" } } });
      expect((await refusal(client.create(other))).details.causes).toContainEqual(
        expect.objectContaining({ field: "spec.template.metadata.labels", reason: "FieldValueInvalid" }),
      );
      await client.create(deployment());
      const changed = { spec: { selector: { matchLabels: { app: "other" } } } };
      expect(await refusal(client.patch(kinds.Deployment, ref("web"), changed, "merge"))).toMatchObject({
        status: 422,
        details: { causes: expect.arrayContaining([expect.objectContaining({ field: "spec.selector" })]) },
      });
    });

    test("of fields that the kind doesn't have, where strictness is asked for; else they are dropped", async () => {
      const strange = { ...map("a", { x: "1" }), datas: { y: "2" } } as KubeObject;
      const strict = { fieldValidation: "Strict" } as const;
      expect(await refusal(client.create(strange, strict))).toMatchObject({
        status: 400,
        reason: "BadRequest",
        message: expect.stringContaining('unknown field "datas"'),
      });
      expect(await client.create(strange)).not.toHaveProperty("datas");
      const route = virtualService({ hosts: ["web"], http: [{ route: [{ destination: { host: "web", porty: 1 } }] }] });
      expect(await refusal(client.create(route, strict))).toMatchObject({
        status: 400,
        message: expect.stringContaining('unknown field "spec.http[0].route[0].destination.porty"'),
      });
      expect(await client.create(route)).toMatchObject({
        spec: { http: [{ route: [{ destination: { host: "web" } }] }] },
      });
      expect((await client.get(kinds.VirtualService, ref("web"))).spec).not.toHaveProperty(
        "http.0.route.0.destination.porty",
      );
    });

    test("of a field given twice, where strictness is asked for", async () => {
      const twice = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","x":"2"}}`;
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      expect(
        await refusal(ask({ method: "POST", path, query: { fieldValidation: "Strict" }, body: twice })),
      ).toMatchObject({ status: 400, message: expect.stringContaining('duplicate field "data.x"') });
      expect(await ask({ method: "POST", path, body: twice })).toMatchObject({ data: { x: "2" } });
    });

    test("of an apply with a field that the schema doesn't have", async () => {
      const strange = service({ selector: { app: "web" }, ports: [{ port: 80 }] });
      const spec = { ...strange.spec, colour: "red" };
      const wanted = { fieldManager: "one", fieldValidation: "Strict" } as const;
      expect(await refusal(client.apply<KubeObject>({ ...strange, spec }, wanted))).toMatchObject({
        status: expect.toSatisfy((status: number) => status === 400 || status === 500),
        message: expect.stringContaining("spec.colour"),
      });
    });

    test("of what isn't an object, a kind's own path, or a page that is none", async () => {
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      expect(await refusal(ask({ method: "POST", path, body: "{" }))).toMatchObject({ status: 400 });
      const misplaced = JSON.stringify({ ...service({ ports: [{ port: 80 }] }) });
      expect(await refusal(ask({ method: "POST", path, body: misplaced }))).toMatchObject({ status: 400 });
      expect(await refusal(client.list(kinds.ConfigMap, { namespace, limit: 1, continue: "!" }))).toMatchObject({
        status: 400,
      });
      expect(
        await refusal(ask({ method: "PATCH", path: `${path}/a`, body: "{}", contentType: "text/plain" })),
      ).toMatchObject({ status: 415, reason: "UnsupportedMediaType" });
      expect(await refusal(client.list(kinds.ConfigMap, { namespace, labelSelector: "a in" }))).toMatchObject({
        status: 400,
      });
      expect(await refusal(client.list(kinds.ConfigMap, { namespace, fieldSelector: "data.x=1" }))).toMatchObject({
        status: 400,
      });
    });
  });
}
