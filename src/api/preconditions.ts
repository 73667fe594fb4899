import type { IncomingHttpHeaders } from "node:http";
import { Problem } from "../model/problem.ts";

/**
 * The revision that a write expects (RFC 9110 §13): If-Match, else If-None-Match: * (0: must not exist), else the
 * resourceVersion of the document, as in Kubernetes. "exists": any revision will do.
 */
export function expectedRevision(
  headers: IncomingHttpHeaders,
  resourceVersion?: string,
): number | "exists" | undefined {
  const { "if-match": match, "if-none-match": none } = headers;
  if (none !== undefined) {
    if (none.trim() !== "*")
      throw new Problem("bad-request", "If-None-Match takes only * here.", {
        field: "If-None-Match",
        found: none,
        accepted: "*",
      });
    return 0;
  }
  if (match !== undefined) {
    if (match.trim() === "*") return "exists";
    const revision = /^(?:W\/)?"?(\d+)"?$/.exec(match.trim())?.[1];
    if (revision === undefined)
      throw new Problem("bad-request", "If-Match isn't an ETag of this API.", {
        field: "If-Match",
        found: match,
        accepted: 'the ETag as it was given, such as "42"',
      });
    return Number(revision);
  }
  if (resourceVersion === undefined) return undefined;
  if (!/^\d+$/.test(resourceVersion))
    throw new Problem("bad-request", "metadata.resourceVersion isn't one of this API.", {
      field: "metadata.resourceVersion",
      found: resourceVersion,
      accepted: "as it was given, or absent",
    });
  return Number(resourceVersion);
}
