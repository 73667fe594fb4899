import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Pod } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import { KubeClient } from "../../kube/kube-client.ts";
import { startTestServer, type Loose, type TestServer } from "./testing-server.ts";

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
});
afterEach(() => api.stop());

const configMaps = "/api/v1/namespaces/default/configmaps";
const pod = (name: string): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { nodeName: "node", containers: [{ name: "app", image: "a:1" }] },
});

describe("who may do what", () => {
  it("knows tokens, client certificates and nobody", async () => {
    expect((await api.call(configMaps, { token: "wrong" })).json).toMatchObject({
      kind: "Status",
      code: 401,
      reason: "Unauthorized",
    });
    expect((await api.call(configMaps, { token: null })).status).toBe(401);
    expect((await api.call("/version", { token: null })).json.gitVersion).toBe("v1.36.3-quipu");
    const cert = await api.clientCertificate("root", ["system:masters"]);
    expect((await api.call(configMaps, { cert })).status).toBe(200);
    const guest = await api.clientCertificate("guest", ["people"]);
    expect((await api.call(configMaps, { cert: guest })).json).toMatchObject({
      code: 403,
      message:
        'configmaps is forbidden: User "guest" cannot list resource "configmaps" in API group "" in the namespace "default"',
    });
    const nobody = await api.clientCertificate("", []);
    expect((await api.call("/version", { cert: nobody })).status).toBe(401);
  });

  it("refuses an expired client certificate, and our own client says so even where the server doesn't", async () => {
    const day = 86_400_000;
    const cert = await api.clientCertificate("root", ["system:masters"], { now: Date.now() - 2 * day, ttlMs: day });
    expect((await api.call(configMaps, { cert })).json).toMatchObject({
      code: 401,
      reason: "Unauthorized",
      message: expect.stringContaining("the client certificate has expired, on"),
    });
    const client = new KubeClient({ server: `https://127.0.0.1:${api.port}`, ca: api.rootPem, ...cert });
    try {
      const expired = {
        status: 401,
        message: expect.stringContaining("the kubeconfig's client certificate has expired"),
      };
      await expect(client.get(kinds.Namespace, { name: "default" })).rejects.toMatchObject(expired);
    } finally {
      await client.close();
    }
  });

  it("takes an administrator for somebody else on request, and nobody else", async () => {
    expect(
      (await api.call(configMaps, { headers: { "impersonate-user": "system:serviceaccount:default:default" } })).status,
    ).toBe(403);
    const guest = await api.clientCertificate("guest", []);
    expect(
      (
        await api.call("/version", {
          cert: guest,
          headers: { "impersonate-user": "admin", "impersonate-group": "system:masters" },
        })
      ).status,
    ).toBe(403);
  });

  it("issues a pod's token, reviews it, and refuses it once the pod is gone", async () => {
    const { metadata } = api.store.create(kinds.Pod, pod("p"));
    const { token } = (
      await api.call("/api/v1/namespaces/default/serviceaccounts/default/token", {
        method: "POST",
        body: { spec: { boundObjectRef: { kind: "Pod", name: "p", uid: metadata.uid } } },
      })
    ).json.status;
    const review = async (value: string): Promise<Loose> =>
      (
        await api.call("/apis/authentication.k8s.io/v1/tokenreviews", {
          method: "POST",
          body: { spec: { token: value } },
        })
      ).json.status;
    expect(await review(token)).toMatchObject({
      authenticated: true,
      user: {
        username: "system:serviceaccount:default:default",
        groups: expect.arrayContaining(["system:serviceaccounts:default"]),
        extra: {
          "authentication.kubernetes.io/pod-name": ["p"],
          "authentication.kubernetes.io/pod-uid": [metadata.uid],
        },
      },
    });
    // A pod's token reads nothing, and can't ask about others' tokens.
    expect((await api.call(configMaps, { token })).status).toBe(403);
    expect(
      (
        await api.call("/apis/authentication.k8s.io/v1/tokenreviews", {
          token,
          method: "POST",
          body: { spec: { token } },
        })
      ).status,
    ).toBe(403);
    expect(
      (
        await api.call("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
          token,
          method: "POST",
          body: { spec: { resourceAttributes: { verb: "get", resource: "pods" } } },
        })
      ).json.status.allowed,
    ).toBe(false);
    const parts = token.split(".");
    expect(
      await review(`${parts[0]}.${parts[1]}.${parts[2].replace(/^./, parts[2].startsWith("A") ? "B" : "A")}`),
    ).toMatchObject({ authenticated: false });
    const [other] = [await api.tokens.issueFor("default", "default", { audiences: ["elsewhere"] })];
    expect(await review(other.token)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining("audiences"),
    });
    api.store.delete(kinds.Pod, "default", "p", { gracePeriodSeconds: 0 });
    api.store.create(kinds.Pod, pod("p"));
    expect(await review(token)).toEqual({ authenticated: false, error: "pod default/p has been deleted" });
    expect((await api.call("/version", { token })).status).toBe(401);
  });
});
