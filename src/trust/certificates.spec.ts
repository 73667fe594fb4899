import { X509Certificate, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openIntermediate, workloadTtlMs, type Intermediate, type IssuedCertificate } from "./intermediate.ts";
import { createRoot, openRoot, type Root } from "./root.ts";

const hour = 3_600_000;
const now = Date.now();
let dir: string;
let root: Root;
let intermediate: Intermediate;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "quipu-trust-"));
  root = await createRoot({ trustDomain: "quipu.local", now });
  intermediate = await root.issueIntermediate("lima", { now });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const checkout = "spiffe://quipu.local/ns/money/sa/checkout";
const leafOf = (issued: IssuedCertificate) => new X509Certificate(issued.certChainPem);

/** What a second implementation says of the chain: openssl, for the given purpose. */
async function opensslVerify(
  issued: IssuedCertificate,
  purpose: "sslserver" | "sslclient",
  rootPem = root.certPem,
): Promise<{ ok: boolean; output: string }> {
  const at = await mkdtemp(join(dir, "verify-"));
  const [leaf = "", rest = ""] = issued.certChainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  await Promise.all([
    writeFile(join(at, "root"), rootPem),
    writeFile(join(at, "leaf"), leaf),
    writeFile(join(at, "chain"), rest),
  ]);
  const { status, stdout, stderr } = spawnSync(
    "openssl",
    [
      "verify",
      "-x509_strict",
      "-purpose",
      purpose,
      "-CAfile",
      join(at, "root"),
      "-untrusted",
      join(at, "chain"),
      join(at, "leaf"),
    ],
    { encoding: "utf8" },
  );
  return { ok: status === 0, output: stdout + stderr };
}

describe("a workload's certificate", () => {
  test("has its identity as its only name, for server and client, for 24 hours", async () => {
    const issued = await intermediate.issueWorkload({ spiffeId: checkout, now });
    const leaf = leafOf(issued);
    expect(leaf.subjectAltName).toBe(`URI:${checkout}`);
    expect(leaf.subject).toBeFalsy();
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(issued.expires).toBeLessThanOrEqual(now + workloadTtlMs);
    expect(issued.expires).toBeGreaterThan(now + workloadTtlMs - 1000);
    expect(Date.parse(leaf.validTo)).toBe(issued.expires);
    for (const purpose of ["sslserver", "sslclient"] as const)
      expect(await opensslVerify(issued, purpose)).toMatchObject({ ok: true });
  });

  test("isn't valid under another root of the same name", async () => {
    const other = await createRoot({ trustDomain: "quipu.local", now });
    const issued = await intermediate.issueWorkload({ spiffeId: checkout, now });
    expect(await opensslVerify(issued, "sslserver", other.certPem)).toMatchObject({ ok: false });
  });

  test("an identity of another trust domain is refused", async () => {
    await expect(intermediate.issueWorkload({ spiffeId: "spiffe://other/ns/a/sa/b", now })).rejects.toMatchObject({
      code: "trust/bad-spiffe-id",
      found: "other",
      accepted: "quipu.local",
    });
  });

  test("for a public key of the caller's own, no private key is made", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
    const issued = await intermediate.issueWorkload({ spiffeId: checkout, now, publicKeyPem: pem });
    expect(issued.keyPem).toBe("");
    expect(leafOf(issued).publicKey.export({ type: "spki", format: "pem" })).toBe(pem);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({
      type: "spki",
      format: "pem",
    }) as string;
    await expect(intermediate.issueWorkload({ spiffeId: checkout, now, publicKeyPem: rsa })).rejects.toMatchObject({
      code: "trust/bad-key",
      found: "rsa",
    });
  });

  test("never outlives its authority, and a dead authority issues nothing", async () => {
    const brief = await root.issueIntermediate("brief", { now, ttlMs: hour });
    const issued = await brief.issueWorkload({ spiffeId: checkout, now });
    expect(issued.expires).toBe(brief.expires);
    await expect(brief.issueWorkload({ spiffeId: checkout, now: now + 2 * hour })).rejects.toMatchObject({
      code: "trust/bad-lifetime",
    });
  });
});

test("mutual TLS holds between workloads of two clusters, each with only leaf, intermediate and root", async () => {
  const other = await root.issueIntermediate("bogota", { now });
  const serverSide = await intermediate.issueWorkload({ spiffeId: checkout, now });
  const clientSide = await other.issueWorkload({ spiffeId: "spiffe://quipu.local/ns/food/sa/catalog", now });
  const seen: (string | undefined)[] = [];
  const server = createServer(
    {
      cert: serverSide.certChainPem,
      key: serverSide.keyPem,
      ca: root.certPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => {
      seen.push(socket.getPeerX509Certificate()?.subjectAltName);
      socket.end("hello");
    },
  );
  server.on("tlsClientError", () => seen.push("refused"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const call = async (options: { cert?: string; key?: string }): Promise<string> => {
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port,
      ca: root.certPem,
      checkServerIdentity: (_, peer) =>
        peer.subjectaltname === `URI:${checkout}` ? undefined : new Error("another peer"),
      ...options,
    });
    let text = "";
    try {
      for await (const chunk of socket) text += chunk;
    } catch {
      // A refusal comes as a reset or as an alert, whichever is first.
    }
    return text;
  };
  try {
    expect(await call({ cert: clientSide.certChainPem, key: clientSide.keyPem })).toBe("hello");
    const stranger = await (
      await (await createRoot({ trustDomain: "quipu.local", now })).issueIntermediate("lima", { now })
    ).issueWorkload({ spiffeId: checkout, now });
    expect(await call({ cert: stranger.certChainPem, key: stranger.keyPem })).toBe("");
    expect(await call({})).toBe("");
    expect(seen).toEqual(["URI:spiffe://quipu.local/ns/food/sa/catalog", "refused", "refused"]);
  } finally {
    server.close();
  }
});

test("a server certificate serves its names only, and can't be a client's", async () => {
  const issued = await intermediate.issueServer({ dnsNames: ["kubernetes.default.svc"], ips: ["127.17.0.1"], now });
  const leaf = leafOf(issued);
  expect(leaf.checkIP("127.17.0.1")).toBe("127.17.0.1");
  expect(leaf.checkIP("127.17.0.2")).toBeUndefined();
  expect(leaf.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
  expect(await opensslVerify(issued, "sslserver")).toMatchObject({ ok: true });
  expect(await opensslVerify(issued, "sslclient")).toMatchObject({ ok: false });
  await expect(intermediate.issueServer({ now })).rejects.toMatchObject({ field: "dnsNames, ips" });
  await expect(intermediate.issueServer({ ips: ["127.0.0.300"], now })).rejects.toMatchObject({
    field: "ips",
    found: "127.0.0.300",
  });
});

test("a client certificate says user and groups", async () => {
  const issued = await intermediate.issueClient({
    commonName: "admin, the first",
    organizations: ["system:masters", "ops"],
    now,
  });
  const subject = leafOf(issued).toLegacyObject().subject as unknown as Record<string, string | string[]>;
  expect(subject).toMatchObject({ CN: "admin, the first", O: ["system:masters", "ops"] });
  expect(await opensslVerify(issued, "sslclient")).toMatchObject({ ok: true });
  expect(await opensslVerify(issued, "sslserver")).toMatchObject({ ok: false });
});

describe("at rest", () => {
  test("root and intermediate open again and issue certificates of the same chain; no file shows a key; all are 0600", async () => {
    const home = join(dir, "home");
    await root.save(home);
    await intermediate.save(join(home, "lima"));
    const again = await openRoot(home);
    expect(again.certPem).toBe(root.certPem);
    const reissued = await (await again.issueIntermediate("quito", { now })).issueWorkload({ spiffeId: checkout, now });
    expect(await opensslVerify(reissued, "sslclient")).toMatchObject({ ok: true });
    const handed = await openIntermediate(join(home, "lima"));
    expect(await opensslVerify(await handed.issueWorkload({ spiffeId: checkout, now }), "sslclient")).toMatchObject({
      ok: true,
    });
    for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const { mode } = await stat(path);
      expect([path, (mode & 0o777).toString(8)]).toEqual([path, entry.isDirectory() ? "700" : "600"]);
      if (entry.isFile()) expect(await readFile(path, "utf8")).not.toContain("PRIVATE KEY");
    }
  });

  test("a root is never overwritten", async () => {
    const home = join(dir, "twice");
    await root.save(home);
    await expect((await createRoot({ trustDomain: "quipu.local", now })).save(home)).rejects.toMatchObject({
      code: "trust/damaged",
    });
    expect((await openRoot(home)).certPem).toBe(root.certPem);
  });

  test("a wrong key file, a flipped byte and a missing or broken file are told apart", async () => {
    const home = join(dir, "broken");
    await root.save(home);
    await expect(openRoot(home, join(home, "other-key"))).rejects.toMatchObject({
      code: "trust/missing",
      field: join(home, "other-key"),
    });
    await writeFile(join(home, "other-key"), "another passphrase");
    await expect(openRoot(home, join(home, "other-key"))).rejects.toMatchObject({ code: "trust/wrong-passphrase" });
    const path = join(home, "root.json");
    const text = await readFile(path, "utf8");
    const value = JSON.parse(text);
    value.key.data = (value.key.data[0] === "A" ? "B" : "A") + value.key.data.slice(1);
    await writeFile(path, JSON.stringify(value));
    await expect(openRoot(home)).rejects.toMatchObject({ code: "trust/wrong-passphrase" });
    await writeFile(path, text.slice(0, 100));
    await expect(openRoot(home)).rejects.toMatchObject({ code: "trust/damaged", field: path });
    await expect(openRoot(join(dir, "nowhere"))).rejects.toMatchObject({ code: "trust/missing" });
  });

  test("a certificate and a key of different authorities aren't put together", async () => {
    const home = join(dir, "mixed");
    await intermediate.save(join(home, "a"));
    await (await root.issueIntermediate("bogota", { now })).save(join(home, "b"), join(home, "a", "key"));
    const a = JSON.parse(await readFile(join(home, "a", "intermediate.json"), "utf8"));
    const b = JSON.parse(await readFile(join(home, "b", "intermediate.json"), "utf8"));
    await writeFile(join(home, "a", "intermediate.json"), JSON.stringify({ ...a, key: b.key }));
    await expect(openIntermediate(join(home, "a"))).rejects.toMatchObject({ code: "trust/damaged", field: "ca-key" });
  });
});
