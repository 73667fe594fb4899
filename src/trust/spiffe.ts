/**
 * SPIFFE identities as Istio forms them: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`
 * (https://istio.io/latest/docs/concepts/security/#istio-identity; the SPIFFE-ID standard, section 2).
 */
import { TrustError } from "./trust-error.ts";

export interface SpiffeIdentity {
  trustDomain: string;
  namespace: string;
  serviceAccount: string;
}

/** SPIFFE-ID §2.1: lower case letters, digits, dots, dashes and underscores, at most 255 characters. */
const trustDomainPattern = /^[a-z0-9._-]{1,255}$/;
/** A namespace is an RFC 1123 label. */
const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A service account's name is an RFC 1123 subdomain. */
const serviceAccountPattern = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Throws `trust/bad-trust-domain`. */
export function checkTrustDomain(trustDomain: string): string {
  if (!trustDomainPattern.test(trustDomain)) {
    throw new TrustError("trust/bad-trust-domain", `"${trustDomain}" is not a trust domain`, {
      field: "trustDomain",
      found: trustDomain,
      accepted: "lower case letters, digits, '.', '-' and '_', 1 to 255 characters",
    });
  }
  return trustDomain;
}

/** Throws `trust/bad-trust-domain` or `trust/bad-spiffe-id`. */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  checkTrustDomain(trustDomain);
  const id = `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  if (!namespacePattern.test(namespace) || !serviceAccountPattern.test(serviceAccount)) throw badId(id);
  return id;
}

/** The parts of an identity; throws `trust/bad-spiffe-id` when it isn't one of ours. */
export function parseSpiffeId(id: string): SpiffeIdentity {
  const found = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(id);
  const [, trustDomain = "", namespace = "", serviceAccount = ""] = found ?? [];
  if (
    !trustDomainPattern.test(trustDomain) ||
    !namespacePattern.test(namespace) ||
    !serviceAccountPattern.test(serviceAccount)
  )
    throw badId(id);
  return { trustDomain, namespace, serviceAccount };
}

function badId(id: string): TrustError {
  return new TrustError("trust/bad-spiffe-id", `"${id}" is not a workload identity`, {
    field: "spiffeId",
    found: id,
    accepted: "spiffe://<trust domain>/ns/<namespace>/sa/<service account>",
  });
}
