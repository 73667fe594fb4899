/** ECDSA P-256 keys: what Envoy, Kubernetes and browsers all take. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { TrustError } from "./trust-error.ts";

export const algorithm = Object.freeze({ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" });

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export function generateKeys(): Promise<KeyPair> {
  return promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
}

/** PKCS #8 PEM, unencrypted: for `seal`, and for the leaves that workloads hold. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

/** Throws `trust/bad-key`. */
export function privateKeyFromPem(pem: string): KeyPair {
  return onP256("private key", () => {
    const privateKey = createPrivateKey(pem);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  });
}

/** SubjectPublicKeyInfo PEM; throws `trust/bad-key`. */
export function publicKeyFromPem(pem: string): KeyObject {
  return onP256("public key", () => ({ publicKey: createPublicKey(pem) })).publicKey;
}

function onP256<T extends { publicKey: KeyObject }>(field: string, read: () => T): T {
  let found: string;
  try {
    const key = read();
    const curve = key.publicKey.asymmetricKeyDetails?.namedCurve;
    if (curve === "prime256v1") return key;
    found = curve ?? key.publicKey.asymmetricKeyType ?? "unknown";
  } catch (cause) {
    throw new TrustError("trust/bad-key", `the ${field} can't be read`, {
      field,
      accepted: "an ECDSA P-256 key in PEM",
      cause,
    });
  }
  throw new TrustError("trust/bad-key", `the ${field} is of another kind`, {
    field,
    found,
    accepted: "an ECDSA P-256 key in PEM",
  });
}
