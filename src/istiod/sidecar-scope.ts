import { isDeepStrictEqual } from "node:util";
import { pushOf } from "./push-version.ts";
import { isNewEnough, type StepObject } from "./step-object.ts";

/** `/debug/sidecarz?proxyID=`: what istiod computes a proxy's configuration from, of the push that is current for it. */
export interface SidecarScope {
  push: number;
  /** Resource versions by `namespace/name`. */
  destinationRules: ReadonlyMap<string, string>;
  services: ReadonlyMap<string, string>;
  /** The Sidecar's spec that selects it, as protobuf writes it. */
  sidecar: { name: string; namespace: string; spec: unknown } | undefined;
}

interface Service {
  ResourceVersion?: string;
  Attributes?: { ServiceRegistry?: string; Name?: string; Namespace?: string };
}
interface Rule {
  name?: string;
  namespace?: string;
  resourceVersion?: string;
}
interface Answer {
  version?: string;
  name?: string;
  namespace?: string;
  sidecar?: unknown;
  services?: Service[] | null;
  destinationRules?: Record<string, { rule?: Rule; from?: unknown[] }[]> | null;
}

/** Throws when it is something else. */
export function parseSidecarScope(body: string): SidecarScope {
  const answer = JSON.parse(body) as Answer;
  const push = pushOf(answer.version ?? "");
  if (push === undefined) throw new TypeError("the answer of /debug/sidecarz names no push");
  const destinationRules = new Map<string, string>();
  for (const rules of Object.values(answer.destinationRules ?? {}))
    for (const { rule: { namespace, name, resourceVersion } = {}, from } of rules)
      // Several rules for a host are merged, and the version is then that of the first.
      if (resourceVersion !== undefined && from?.length === 1)
        destinationRules.set(`${namespace}/${name}`, resourceVersion);
  const services = new Map<string, string>();
  for (const { ResourceVersion, Attributes: { ServiceRegistry, Namespace, Name } = {} } of answer.services ?? [])
    if (ServiceRegistry === "Kubernetes" && ResourceVersion) services.set(`${Namespace}/${Name}`, ResourceVersion);
  const { name = "", namespace = "", sidecar } = answer;
  return { push, destinationRules, services, sidecar: sidecar ? { name, namespace, spec: sidecar } : undefined };
}

/** Kinds of which a scope tells the version, or all that is in them. */
export function isTold(kind: string): boolean {
  return kind === "DestinationRule" || kind === "Service" || kind === "Sidecar";
}

/** Whether the scope was computed from that version of an object, or a later one. "unknown": it can't tell. */
export function standsInScope(object: StepObject, scope: SidecarScope): boolean | "unknown" {
  const key = `${object.namespace}/${object.name}`;
  if (object.kind === "DestinationRule") return isNewEnough(scope.destinationRules.get(key), object.resourceVersion);
  if (object.kind === "Service") return isNewEnough(scope.services.get(key), object.resourceVersion);
  if (object.kind !== "Sidecar") return "unknown";
  const { sidecar } = scope;
  return (
    sidecar !== undefined &&
    `${sidecar.namespace}/${sidecar.name}` === key &&
    isDeepStrictEqual(withoutZeros(sidecar.spec), withoutZeros(object.spec))
  );
}

/** As protobuf writes a Sidecar: what has the value that it would have anyhow is left out. */
function withoutZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutZeros);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, field]) => field !== 0 && !(key === "mode" && field === "REGISTRY_ONLY"),
  );
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutZeros(field)]));
}
