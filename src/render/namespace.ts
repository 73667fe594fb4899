import type { Namespace } from "../objects/core.ts";
import type { PeerAuthentication } from "../objects/istio.ts";
import { head } from "./names.ts";
import type { Reader } from "./reader.ts";

/** The segment. Sidecars are injected into all of its pods. */
export function namespace(name: string, read: Reader): Namespace | undefined {
  const base = read.base(name);
  return base === undefined
    ? undefined
    : head("Namespace", "", name, { ...base.labels, "istio-injection": "enabled", "quipu.dev/segment": name });
}

/** Mutual TLS for every pod of the segment. */
export function peerAuthentication(segment: string, name: string, read: Reader): PeerAuthentication | undefined {
  const base = read.base(segment);
  return base === undefined || name !== "default"
    ? undefined
    : { ...head("PeerAuthentication", segment, "default"), spec: { mtls: { mode: base.mtls } } };
}
