/** The authority of one cluster: it issues workload, server and client certificates under the fleet's offline root. */
import { X509Certificate } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { JsonName } from "@peculiar/x509";
import { issueCertificate, type CertificateRequest, type Issuer } from "./certificate.ts";
import { generateKeys, privateKeyFromPem, privateKeyPem, publicKeyFromPem } from "./keys.ts";
import { errorCode, writePrivate } from "./private-file.ts";
import { parseSpiffeId } from "./spiffe.ts";
import { ensurePassphraseFile, passphraseFromFile, seal, unseal } from "./sealed.ts";
import { TrustError } from "./trust-error.ts";

export const workloadTtlMs = 24 * 3_600_000;
export const serverTtlMs = 90 * 24 * 3_600_000;
export const clientTtlMs = 365 * 24 * 3_600_000;

/** `certChainPem`: leaf, then intermediate, as Envoy's `tls_certificate.certificate_chain` and Node's `cert` want it. */
export interface IssuedCertificate {
  certChainPem: string;
  /** PKCS #8; "" when the caller brought its own public key. */
  keyPem: string;
  /** Unix ms. */
  notBefore: number;
  expires: number;
}

export interface IntermediateFiles {
  trustDomain: string;
  cluster: string;
  certPem: string;
  rootPem: string;
}

export class Intermediate {
  readonly trustDomain: string;
  readonly cluster: string;
  readonly certPem: string;
  /** The fleet's root: the CA against which every peer is checked. */
  readonly rootPem: string;
  /** Unix ms after which nothing can be issued. */
  readonly expires: number;
  readonly #issuer: Issuer;

  constructor(files: IntermediateFiles, keyPem: string) {
    ({ trustDomain: this.trustDomain, cluster: this.cluster, certPem: this.certPem, rootPem: this.rootPem } = files);
    const certificate = new X509Certificate(files.certPem);
    const keys = privateKeyFromPem(keyPem);
    if (!certificate.checkPrivateKey(keys.privateKey))
      throw new TrustError("trust/damaged", "the intermediate's key and certificate don't belong together", {
        field: "ca-key",
      });
    const root = new X509Certificate(files.rootPem);
    if (!certificate.verify(root.publicKey) || !certificate.checkIssued(root))
      throw new TrustError("trust/damaged", "the intermediate wasn't issued by this root", { field: "ca-cert" });
    this.expires = Date.parse(certificate.validTo);
    this.#issuer = {
      certPem: files.certPem,
      subject: intermediateName(files.trustDomain, files.cluster),
      notAfter: this.expires,
      ...keys,
    };
  }

  /**
   * A workload's certificate: its SPIFFE id as the only name, for client and server. With `publicKeyPem` the caller keeps its key.
   * Throws `trust/bad-spiffe-id` for an identity of another trust domain.
   */
  async issueWorkload(request: {
    spiffeId: string;
    now: number;
    ttlMs?: number;
    publicKeyPem?: string;
  }): Promise<IssuedCertificate> {
    const { trustDomain } = parseSpiffeId(request.spiffeId);
    if (trustDomain !== this.trustDomain) {
      throw new TrustError("trust/bad-spiffe-id", `"${request.spiffeId}" is not of this trust domain`, {
        field: "spiffeId",
        found: trustDomain,
        accepted: this.trustDomain,
      });
    }
    return this.#issue(
      {
        subject: [],
        names: [{ type: "url", value: request.spiffeId }],
        usages: ["server", "client"],
        now: request.now,
        ttlMs: request.ttlMs ?? workloadTtlMs,
      },
      request.publicKeyPem,
    );
  }

  /** For a TLS server, such as the Kubernetes API of the cluster. */
  async issueServer(request: {
    dnsNames?: readonly string[];
    ips?: readonly string[];
    now: number;
    ttlMs?: number;
  }): Promise<IssuedCertificate> {
    const { dnsNames = [], ips = [] } = request;
    const bad = ips.find((ip) => isIP(ip) === 0);
    if (bad !== undefined || dnsNames.length + ips.length === 0) {
      throw new TrustError("trust/bad-names", "a server certificate needs names", {
        field: bad === undefined ? "dnsNames, ips" : "ips",
        found: bad ?? "none",
        accepted: "at least one DNS name or IP address",
      });
    }
    const names = [
      ...dnsNames.map((value) => ({ type: "dns" as const, value })),
      ...ips.map((value) => ({ type: "ip" as const, value })),
    ];
    return this.#issue({
      subject: [{ CN: [(dnsNames[0] ?? ips[0])!] }],
      names,
      usages: ["server"],
      now: request.now,
      ttlMs: request.ttlMs ?? serverTtlMs,
    });
  }

  /** For a person or program at the Kubernetes API: user = common name, groups = organizations (Kubernetes' X.509 client certificates). */
  async issueClient(request: {
    commonName: string;
    organizations?: readonly string[];
    now: number;
    ttlMs?: number;
  }): Promise<IssuedCertificate> {
    const subject: JsonName = [
      ...(request.organizations ?? []).map((name) => ({ O: [name] })),
      { CN: [request.commonName] },
    ];
    return this.#issue({ subject, usages: ["client"], now: request.now, ttlMs: request.ttlMs ?? clientTtlMs });
  }

  async #issue(request: Omit<CertificateRequest, "publicKey">, publicKeyPem?: string): Promise<IssuedCertificate> {
    const keys = publicKeyPem === undefined ? await generateKeys() : undefined;
    const { pem, notBefore, notAfter } = await issueCertificate(
      { ...request, publicKey: keys?.publicKey ?? publicKeyFromPem(publicKeyPem!) },
      this.#issuer,
    );
    return {
      certChainPem: pem + this.certPem,
      keyPem: keys ? privateKeyPem(keys.privateKey) : "",
      notBefore,
      expires: notAfter,
    };
  }

  /**
   * Hands the authority to the process that will hold it: `dir` 0700, files 0600. The key is sealed with the passphrase
   * in `keyFile` (default: `dir/key`, made when absent).
   */
  async save(dir: string, keyFile: string = join(dir, "key")): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const sealed = await seal(privateKeyPem(this.#issuer.privateKey), await ensurePassphraseFile(keyFile));
    const { trustDomain, cluster, certPem, rootPem } = this;
    // One file, moved in place as a whole: a crash can't leave a key beside another's certificate.
    writePrivate(
      join(dir, "intermediate.json"),
      `${JSON.stringify({ trustDomain, cluster, certPem, rootPem, key: sealed }, null, 2)}\n`,
      { durable: true },
    );
  }
}

/** What `save` wrote. Throws `trust/missing`, `trust/damaged` or `trust/wrong-passphrase`. */
export async function openIntermediate(dir: string, keyFile: string = join(dir, "key")): Promise<Intermediate> {
  const { key, ...files } = await readSealedFile<IntermediateFiles>(join(dir, "intermediate.json"));
  return new Intermediate(files, await unseal(key, await passphraseFromFile(keyFile)));
}

export function intermediateName(trustDomain: string, cluster: string): JsonName {
  return [{ O: [trustDomain] }, { CN: [`${cluster} intermediate`] }];
}

/** A JSON file with a sealed `key`. */
export async function readSealedFile<T>(path: string): Promise<T & { key: Awaited<ReturnType<typeof seal>> }> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (errorCode(cause) === "ENOENT")
      throw new TrustError("trust/missing", `${path} doesn't exist`, { field: path, cause });
    throw cause;
  }
  try {
    const value = JSON.parse(text);
    if (typeof value?.certPem === "string" && typeof value?.key?.data === "string") return value;
  } catch (cause) {
    throw new TrustError("trust/damaged", `${path} can't be read`, {
      field: path,
      accepted: "JSON as it was written",
      cause,
    });
  }
  throw new TrustError("trust/damaged", `${path} is incomplete`, { field: path, accepted: "certPem and key" });
}
