/** One place that puts X.509 certificates together (RFC 5280; X.509-SVID standard, section 4, for workloads). */
import "reflect-metadata";
import { randomBytes, webcrypto, type KeyObject } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralName,
  type JsonName,
} from "@peculiar/x509";
import { algorithm } from "./keys.ts";
import { TrustError } from "./trust-error.ts";

/** Clocks of a fleet differ a little: certificates count from a bit before they were made (Istio's own default is 2 min too). */
export const backdateMs = 120_000;

export interface Issuer {
  certPem: string;
  subject: JsonName;
  notAfter: number;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export interface CertificateRequest {
  /** Empty: no subject, the names are all in the subject alternative name, which is then critical (RFC 5280 §4.2.1.6). */
  subject: JsonName;
  publicKey: KeyObject;
  /** Unix ms. */
  now: number;
  ttlMs: number;
  /** Absent: a leaf. `pathLength`: how many authorities may follow. */
  authority?: { pathLength: number };
  usages?: readonly ("server" | "client")[];
  names?: JsonGeneralName[];
}

/** Signs with `issuer`, or with the request's own key when that is given as `selfSignedWith`. Never outlives its issuer. */
export async function issueCertificate(
  request: CertificateRequest,
  signer: Issuer | { selfSignedWith: KeyObject },
): Promise<{ pem: string; notBefore: number; notAfter: number }> {
  const issuer = "selfSignedWith" in signer ? undefined : signer;
  // X.509 counts in whole seconds.
  const notBefore = Math.floor((request.now - backdateMs) / 1000) * 1000;
  const notAfter = Math.floor(Math.min(request.now + request.ttlMs, issuer?.notAfter ?? Infinity) / 1000) * 1000;
  if (!(request.ttlMs > 0) || notAfter <= request.now) {
    throw new TrustError("trust/bad-lifetime", "the certificate would be expired from its start", {
      field: "ttlMs",
      found: `${request.ttlMs}`,
      accepted: issuer
        ? `above 0, while the issuer is valid (until ${new Date(issuer.notAfter).toISOString()})`
        : "above 0",
    });
  }
  const publicKey = await importPublic(request.publicKey);
  const issuerPublic = issuer ? await importPublic(issuer.publicKey) : publicKey;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(request.authority !== undefined, request.authority?.pathLength, true),
    new KeyUsagesExtension(
      request.authority ? KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign : KeyUsageFlags.digitalSignature,
      true,
    ),
    await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
  ];
  if (issuer) extensions.push(await AuthorityKeyIdentifierExtension.create(issuerPublic, false, webcrypto));
  if (request.usages?.length)
    extensions.push(new ExtendedKeyUsageExtension(request.usages.map((usage) => ExtendedKeyUsage[`${usage}Auth`])));
  if (request.names?.length)
    extensions.push(new SubjectAlternativeNameExtension(request.names, request.subject.length === 0));

  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: request.subject,
      issuer: issuer?.subject ?? request.subject,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      publicKey,
      signingKey: await importPrivate("selfSignedWith" in signer ? signer.selfSignedWith : signer.privateKey),
      signingAlgorithm: algorithm,
      extensions,
    },
    webcrypto,
  );
  return { pem: `${certificate.toString("pem")}\n`, notBefore, notAfter };
}

/** 127 random bits, positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function importPublic(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("spki", key.export({ type: "spki", format: "der" }), algorithm, true, ["verify"]);
}
function importPrivate(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), algorithm, false, ["sign"]);
}
