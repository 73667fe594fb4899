import { X509Certificate } from "node:crypto";
import type { KubeConnection } from "./kubeconfig.ts";

/**
 * Why an API may answer 401 to these credentials, as far as they tell by themselves: Kubernetes says no more than
 * "Unauthorized". `now` is Unix ms. Undefined when nothing is wrong to the eye.
 */
export function credentialProblem({ cert, token }: KubeConnection, now: number): string | undefined {
  return token === undefined ? certificateProblem(cert, now) : tokenProblem(token, now);
}

function certificateProblem(pem: string | undefined, now: number): string | undefined {
  if (pem === undefined) return undefined;
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    if (validToDate.getTime() < now)
      return `the kubeconfig's client certificate has expired, on ${validToDate.toISOString()}`;
    if (validFromDate.getTime() > now)
      return `the kubeconfig's client certificate isn't valid before ${validFromDate.toISOString()}`;
  } catch {
    return "the kubeconfig's client certificate can't be read";
  }
  return undefined;
}

/** Only of a token that is a JWT (RFC 7519, `exp` in Unix seconds). */
function tokenProblem(token: string, now: number): string | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp?: unknown };
    if (typeof exp === "number" && exp * 1000 < now)
      return `the kubeconfig's token has expired, on ${new Date(exp * 1000).toISOString()}`;
  } catch {
    // An opaque one.
  }
  return undefined;
}
