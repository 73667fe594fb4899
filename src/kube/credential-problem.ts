import { X509Certificate } from "node:crypto";
import { decodeJwt } from "jose";
import type { Presented } from "./credentials.ts";

/** Clocks that differ by less than this refuse nobody. */
const tolerableSkewMs = 30_000;

/**
 * Why an API may answer 401 to these credentials, as far as they tell by themselves: Kubernetes says no more than
 * "Unauthorized". `now` is Unix ms; `serverNow` is the server's clock, where it has told it. Always says what to do.
 */
export function credentialProblem(presented: Presented, now: number, serverNow: number = now): string {
  const skew = serverNow - now;
  const theirs = Math.abs(skew) > tolerableSkewMs;
  const clock = theirs
    ? `the server's clock is ${spanText(Math.abs(skew))} ${skew < 0 ? "behind" : "ahead of"} ours (it says ${new Date(serverNow).toISOString()})`
    : undefined;
  const own = problemAt(presented, now);
  if (own !== undefined) return clock === undefined ? own : `${own}; ${clock}`;
  // Good by our clock: it may not be by theirs.
  if (theirs) {
    const told = problemAt(presented, serverNow);
    if (told !== undefined) return `${clock}, and by it ${told}: set its clock right`;
  }
  const { token, cert, source } = presented;
  const what = token !== undefined ? "token" : cert !== undefined ? "client certificate" : undefined;
  const generic =
    what === undefined
      ? `${source} holds neither a token nor a client certificate`
      : `the API doesn't know ${source}'s ${what}: it is wrong, revoked or of another cluster; give Quipu a new kubeconfig`;
  return clock === undefined ? generic : `${generic}; ${clock}`;
}

function problemAt({ cert, token, source }: Presented, now: number): string | undefined {
  return token === undefined ? certificateProblem(cert, now, source) : tokenProblem(token, now, source);
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 1
    ? `${Math.round(ms / 1000)} s`
    : minutes < 120
      ? `${minutes} min`
      : `${Math.round(minutes / 60)} h`;
}

function certificateProblem(pem: string | undefined, now: number, source: string): string | undefined {
  if (pem === undefined) return undefined;
  try {
    const { validFromDate, validToDate } = new X509Certificate(pem);
    if (validToDate.getTime() < now)
      return `${source}'s client certificate has expired, on ${validToDate.toISOString()}`;
    if (validFromDate.getTime() > now)
      return `${source}'s client certificate isn't valid before ${validFromDate.toISOString()}`;
  } catch {
    return `${source}'s client certificate can't be read`;
  }
  return undefined;
}

/** Only of a token that is a JWT (RFC 7519, `exp` and `nbf` in Unix seconds). */
function tokenProblem(token: string, now: number, source: string): string | undefined {
  try {
    const { exp, nbf } = decodeJwt(token);
    if (exp !== undefined && exp * 1000 < now)
      return `${source}'s token has expired, on ${new Date(exp * 1000).toISOString()}`;
    if (nbf !== undefined && nbf * 1000 > now)
      return `${source}'s token isn't valid before ${new Date(nbf * 1000).toISOString()}`;
  } catch {
    // An opaque one.
  }
  return undefined;
}
