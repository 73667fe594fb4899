/** The fleet's root: offline except while it issues an intermediate; its key is only ever written sealed. */
import { X509Certificate, createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { JsonName } from "@peculiar/x509";
import { issueCertificate } from "./certificate.ts";
import { Intermediate, intermediateName, readSealedFile } from "./intermediate.ts";
import { generateKeys, privateKeyFromPem, privateKeyPem, type KeyPair } from "./keys.ts";
import { errorCode, writePrivate } from "./private-file.ts";
import { ensurePassphraseFile, passphraseFromFile, seal, unseal } from "./sealed.ts";
import { checkTrustDomain } from "./spiffe.ts";
import { TrustError } from "./trust-error.ts";

const year = 365 * 24 * 3_600_000;
export const rootTtlMs = 10 * year;
export const intermediateTtlMs = year;

export class Root {
  readonly trustDomain: string;
  readonly certPem: string;
  /** Unix ms. */
  readonly expires: number;
  readonly #keys: KeyPair;

  constructor(trustDomain: string, certPem: string, keys: KeyPair) {
    const certificate = new X509Certificate(certPem);
    if (!certificate.checkPrivateKey(keys.privateKey))
      throw new TrustError("trust/damaged", "the root's key and certificate don't belong together", { field: "key" });
    this.trustDomain = trustDomain;
    this.certPem = certPem;
    this.expires = Date.parse(certificate.validTo);
    this.#keys = keys;
  }

  /** A fresh authority for a cluster (`now`, `ttlMs`: ms; a year unless said). It can issue leaves only. */
  async issueIntermediate(cluster: string, request: { now: number; ttlMs?: number }): Promise<Intermediate> {
    const keys = await generateKeys();
    const { pem } = await issueCertificate(
      {
        subject: intermediateName(this.trustDomain, cluster),
        publicKey: keys.publicKey,
        now: request.now,
        ttlMs: request.ttlMs ?? intermediateTtlMs,
        authority: { pathLength: 0 },
      },
      { certPem: this.certPem, subject: rootName(this.trustDomain), notAfter: this.expires, ...this.#keys },
    );
    return new Intermediate(
      { trustDomain: this.trustDomain, cluster, certPem: pem, rootPem: this.certPem },
      privateKeyPem(keys.privateKey),
    );
  }

  /** Writes `dir/root.json` (0600, key sealed with the passphrase in `keyFile`, default `dir/key`). Never overwrites another root. */
  async save(dir: string, keyFile: string = join(dir, "key")): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const sealed = await seal(privateKeyPem(this.#keys.privateKey), await ensurePassphraseFile(keyFile));
    const text = `${JSON.stringify({ trustDomain: this.trustDomain, certPem: this.certPem, key: sealed }, null, 2)}\n`;
    try {
      writePrivate(join(dir, "root.json"), text, { exclusive: true, durable: true });
    } catch (cause) {
      if (errorCode(cause) === "EEXIST")
        throw new TrustError("trust/damaged", "there is a root already", {
          field: join(dir, "root.json"),
          accepted: "a folder without one",
          cause,
        });
      throw cause;
    }
  }
}

/** A new self-signed root in memory; `save` it. Throws `trust/bad-trust-domain`. */
export async function createRoot(request: { trustDomain: string; now: number; ttlMs?: number }): Promise<Root> {
  checkTrustDomain(request.trustDomain);
  const keys = await generateKeys();
  const { pem } = await issueCertificate(
    {
      subject: rootName(request.trustDomain),
      publicKey: keys.publicKey,
      now: request.now,
      ttlMs: request.ttlMs ?? rootTtlMs,
      authority: { pathLength: 1 },
    },
    { selfSignedWith: keys.privateKey },
  );
  return new Root(request.trustDomain, pem, keys);
}

/** What `save` wrote. Throws `trust/missing`, `trust/damaged` or `trust/wrong-passphrase`. */
export async function openRoot(dir: string, keyFile: string = join(dir, "key")): Promise<Root> {
  const { trustDomain, certPem, key } = await readSealedFile<{ trustDomain: string; certPem: string }>(
    join(dir, "root.json"),
  );
  return new Root(trustDomain, certPem, privateKeyFromPem(await unseal(key, await passphraseFromFile(keyFile))));
}

/** sha256 of the certificate, hex, as a short name for a root in messages. */
export function fingerprint(certPem: string): string {
  return createHash("sha256").update(new X509Certificate(certPem).raw).digest("hex");
}

function rootName(trustDomain: string): JsonName {
  return [{ O: [trustDomain] }, { CN: ["Quipu root"] }];
}
