import type { Impersonation } from "./kube-connection.ts";

/** What isn't of an HTTP token (RFC 9110, 5.6.2), and the percent sign itself, must be percent-encoded in the name of an extra field. */
const unsafe = /[^A-Za-z0-9!#$&'*+.^_`|~-]/gu;

/** `Impersonate-…` (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). */
export function impersonationHeaders(as: Impersonation | undefined): Record<string, string | string[]> {
  if (as === undefined) return {};
  const headers: Record<string, string | string[]> = { "impersonate-user": as.user };
  if (as.uid !== undefined) headers["impersonate-uid"] = as.uid;
  if (as.groups !== undefined && as.groups.length > 0) headers["impersonate-group"] = [...as.groups];
  for (const [name, values] of Object.entries(as.extra ?? {}))
    headers[`impersonate-extra-${name.replace(unsafe, percentEncoded)}`] = [...values];
  return headers;
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
