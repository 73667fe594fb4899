/**
 * Istiod numbers its pushes, each replica its own from 1 on: `2026-11-23T05:10:25Z/8`. A response's nonce is the number of
 * the push that it was made from, followed by a UUID. Numbers compare within one process and nowhere else.
 */
const version = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)\/(\d+)$/;
const uuidLength = 36;

/** The push that a `versionInfo` names; undefined when it is something else. */
export function pushOf(versionInfo: string): number | undefined {
  const found = version.exec(versionInfo)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The push that a response was made from, by its nonce. */
export function pushOfNonce(nonce: string): number | undefined {
  return pushOf(nonce.slice(0, -uuidLength));
}
