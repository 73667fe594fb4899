/**
 * From when on a push has an object in it. Istiod tells the version of no object in its pushes, so it is found out: what it
 * computes a proxy's configuration from is looked at, and belongs to a numbered push.
 */
import type { ProxySync, XdsType } from "./syncz.ts";

/** One look at what istiod has for a proxy. */
export interface Look {
  /** Push that is current for the proxy. */
  push: number;
  /** The object stands in it in the version asked for, or a later one. */
  stands: boolean;
}

/**
 * The earliest push that is known to have the object in it: so has whatever was made from that one or a later one, for any
 * proxy of that process.
 *
 * Others' pushes go on, and proxies that they have nothing for aren't sent any: a look that comes late finds the object in a
 * push that nobody was ever sent. Istiod deals with a proxy's pushes one after another, each as a whole. So once a later
 * push is current, the one `before` is dealt with, and if it sent nothing of the types that the object is in, then what was
 * sent last says the same.
 *
 * `sent`: the push that the proxy was sent last of those types, read after `now`; 0: nothing.
 */
export function provenPush(now: Look, before: Look | undefined, sent: number): number | undefined {
  if (!now.stands) return undefined;
  if (!before?.stands) return now.push;
  const isDealtWith = now.push > before.push;
  return isDealtWith && sent > 0 ? Math.min(sent, before.push) : before.push;
}

/** The push that was sent last of each of these types, the earliest of them; types that it didn't ask for don't count. */
export function sentOf({ types }: Pick<ProxySync, "types">, wanted: readonly XdsType[]): number {
  const sent = wanted.flatMap((type) => types[type]?.sent ?? []);
  return sent.length === 0 ? 0 : Math.min(...sent);
}

/** The proxy has acknowledged, of each type that it asked for, something of that push or a later one. */
export function hasAcknowledged(
  { types }: Pick<ProxySync, "types">,
  wanted: readonly XdsType[],
  push: number,
): boolean {
  return wanted.every((type) => types[type] === undefined || (types[type].acked ?? 0) >= push);
}

/** It has its first configuration, and nothing that it was sent is still to be acknowledged: clusters are warm, too. */
export function isClean({ types }: Pick<ProxySync, "types">): boolean {
  return types.cds !== undefined && types.lds !== undefined && Object.values(types).every(({ clean }) => clean);
}
