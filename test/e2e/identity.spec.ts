import { importPKCS8, decodeJwt, SignJWT } from "jose";
import { createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateSigningKey } from "../../src/cluster/api/tokens.ts";
import { secretTypeUrl, workloadSecret } from "../../src/mesh/identity/secret-resource.ts";
import { TestProxy } from "../../src/mesh/xds/testing.ts";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { createRoot } from "../../src/trust/root.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { askIdentity, meshSocket, past, plain, podFolder, tokenOf, type Credentials } from "../harness/identity.ts";
import { readyPods, through } from "../harness/traffic.ts";

/** Who may be who. `alice` calls `bob`; `mallory` lives beside them and declared no call. */
let fleet: TestFleet;
let alice: Pod;
let bob: Pod;
let mallory: Pod;
let own: Credentials;

const podOf = async (app: string) => (await readyPods(fleet, app))[0] as Pod;
/** What its sidecar is given, as its sidecar asks for it. */
const identityOf = (pod: Pod) => askIdentity(fleet, pod, tokenOf(fleet, pod));
const spiffe = (app: string) => `spiffe://quipu.local/ns/one/sa/${app}`;
const grpc = { unauthenticated: { code: 16 }, denied: { code: 7 } };

beforeAll(async () => {
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  const apps = [
    probeApp({ name: "alice", spec: { calls: [{ app: "bob", paths: ["/echo"] }] } }),
    probeApp({ name: "bob" }),
    probeApp({ name: "mallory" }),
  ];
  await fleet.apply(apps.join("---\n"));
  await deployProbe(fleet, "bob", "alice", "mallory");
  [alice, bob, mallory] = (await Promise.all(["alice", "bob", "mallory"].map(podOf))) as [Pod, Pod, Pod];
  own = await identityOf(mallory);
});
afterAll(async () => {
  await fleet?.stop();
});

test("a pod's token gives the identity of its own service account, for a day, under the fleet's root", async () => {
  const leaf = new X509Certificate(own.cert);
  expect(leaf.subjectAltName).toBe(`URI:${spiffe("mallory")}`);
  expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
  const chain = own.cert.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
  expect(leaf.verify(chain[1]?.publicKey as never)).toBe(true);
  expect(chain[1]?.verify(new X509Certificate(own.ca).publicKey)).toBe(true);
});

test("a call made past the caller's sidecar: 200 where it is declared, 403 where it is not", async () => {
  const declared = await identityOf(alice);
  expect((await past(bob, "/echo", declared)).status).toBe(200);
  expect((await past(bob, "/other", declared)).status).toBe(403);
  expect(await past(bob, "/echo", own)).toMatchObject({ status: 403, body: "RBAC: access denied" });
  expect((await past(mallory, "/echo", declared)).status).toBe(403);
});

test("what a caller says of itself doesn't count", async () => {
  const told = await through(mallory.status?.podIP as string, "http://bob.one/echo", {
    headers: { "x-forwarded-client-cert": `URI=${spiffe("alice")}` },
  });
  expect(told.status).toBe(502);
  const { status, json } = await through(alice.status?.podIP as string, "http://bob.one/echo", {
    headers: { "x-forwarded-client-cert": `URI=${spiffe("mallory")}` },
  });
  const seen = (json.headers as Record<string, string>)["x-forwarded-client-cert"];
  expect(status).toBe(200);
  expect(seen).toContain(`URI=${spiffe("alice")}`);
  expect(seen).not.toContain("mallory");
});

test("no certificate, another fleet's and plain text are refused before any request", async () => {
  await expect(past(bob, "/echo", { ca: own.ca })).rejects.toThrow();
  const now = Date.now();
  const authority = await (await createRoot({ trustDomain: "quipu.local", now })).issueIntermediate("bogota", { now });
  const foreign = await authority.issueWorkload({ spiffeId: spiffe("alice"), now });
  await expect(past(bob, "/echo", { cert: foreign.certChainPem, key: foreign.keyPem, ca: own.ca })).rejects.toThrow();
  // Her own certificate under another authority's of the same name proves nothing either.
  const leafOnly = `${own.cert.split(/(?<=-----END CERTIFICATE-----\n)/)[0]}${authority.certPem}`;
  await expect(past(bob, "/echo", { cert: leafOnly, key: own.key, ca: own.ca })).rejects.toThrow();
  expect(await plain(bob)).not.toMatch(/HTTP\/1.1 2/);
});

test("a stolen address or another's name gets no identity, whatever is in the node", async () => {
  const token = tokenOf(fleet, mallory);
  const victim = { pod: alice.metadata.name, ip: alice.status?.podIP as string };
  await expect(askIdentity(fleet, mallory, token, victim)).rejects.toMatchObject({
    ...grpc.denied,
    details: expect.stringContaining("node.id claims to be") as string,
  });
  await expect(askIdentity(fleet, mallory, token, { ip: victim.ip })).rejects.toMatchObject(grpc.denied);
  await expect(askIdentity(fleet, mallory, token, { pod: victim.pod })).rejects.toMatchObject(grpc.denied);
  expect((await through(victim.ip, "http://bob.one/echo")).status).toBe(200);
});

test("a pod that claims to be a gateway is refused, and so gets none of its namespace's secrets", async () => {
  const stranger = streamOf(mallory, "router");
  try {
    stranger.send(secretTypeUrl, { subscribe: ["kubernetes://any"] });
    expect(await stranger.ended).toMatchObject({
      ...grpc.denied,
      details: expect.stringContaining("claims to be a gateway") as string,
    });
  } finally {
    stranger.close();
  }
});

test("no token, a garbled, forged or expired one gets no identity", async () => {
  const token = tokenOf(fleet, mallory);
  const [head, payload, signature] = token.split(".") as [string, string, string];
  const signed = async (key: string, change: object) => {
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid: string };
    return new SignJWT({ ...decodeJwt(token), ...change })
      .setProtectedHeader({ alg: "ES256", kid })
      .sign(await importPKCS8(key, "ES256"));
  };
  const hour = 3600;
  const past = Math.floor(Date.now() / 1000) - hour;
  const key = readFileSync(join(fleet.home, "clusters/bogota/sa-signing.key"), "utf8");
  expect(createPublicKey(key).asymmetricKeyType).toBe("ec");
  // The same way of signing is accepted when nothing is wrong, so each refusal below has one reason.
  expect(new X509Certificate((await askIdentity(fleet, mallory, await signed(key, {}))).cert).subjectAltName).toBe(
    `URI:${spiffe("mallory")}`,
  );
  const bad = {
    none: undefined,
    garbage: "garbage",
    garbled: `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
    unsigned: `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`,
    forged: await signed(await generateSigningKey(), {}),
    expired: await signed(key, { exp: past, iat: past - hour, nbf: past - hour }),
    "for another audience": await signed(key, { aud: "elsewhere" }),
    "of a pod that never was": await signed(key, {
      "kubernetes.io": {
        ...(decodeJwt(token)["kubernetes.io"] as object),
        pod: { name: mallory.metadata.name, uid: "0" },
      },
    }),
  };
  for (const [name, wrong] of Object.entries(bad))
    await expect(askIdentity(fleet, mallory, wrong), name).rejects.toMatchObject(grpc.unauthenticated);
});

test("a deleted pod's open stream ends, and its token is no good any more", async () => {
  const token = tokenOf(fleet, mallory);
  const open = streamOf(mallory);
  open.send(secretTypeUrl, { subscribe: [workloadSecret] });
  expect((await open.take()).resources).toHaveLength(1);
  const kube = fleet.kube();
  try {
    await kube.delete(kinds.Pod, { namespace: "one", name: mallory.metadata.name });
    await eventually(async () =>
      expect(
        (await kube.list<Pod>(kinds.Pod, { labelSelector: "app=mallory" })).items.map(({ metadata }) => metadata.uid),
      ).not.toContain(mallory.metadata.uid),
    );
  } finally {
    await kube.close();
  }
  expect(await open.ended).toMatchObject({ ...grpc.unauthenticated, details: "its pod was deleted" });
  open.close();
  await eventually(() => expect(askIdentity(fleet, mallory, token)).rejects.toMatchObject(grpc.unauthenticated));
});

test("sockets and tokens are for their owner's eyes only", () => {
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect(mode(dirname(meshSocket(fleet)))).toBe("700");
  expect(mode(join(podFolder(fleet, alice), "envoy.json"))).toBe("600");
});

/** A stream with the pod's own token and address; under another domain, so that the sidecar's own isn't taken for an old one of it. */
function streamOf(pod: Pod, role = "sidecar"): TestProxy {
  return new TestProxy(`unix://${meshSocket(fleet)}`, {
    pod: pod.metadata.name,
    namespace: pod.metadata.namespace!,
    ip: pod.status!.podIP!,
    token: tokenOf(fleet, pod),
    domain: "another",
    role,
  });
}
