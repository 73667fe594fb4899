import type { KindName } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { authorizationPolicy } from "./authorization-policy.ts";
import { autoscaler } from "./autoscaler.ts";
import { deployment } from "./deployment.ts";
import { envoyFilter } from "./envoy-filter.ts";
import { gateway, ingressVirtualService } from "./ingress.ts";
import { destinationRule } from "./destination-rule.ts";
import { disruptionBudget } from "./disruption-budget.ts";
import { namespace, peerAuthentication } from "./namespace.ts";
import { rootNamespace } from "./names.ts";
import { parseObjectKey, type ObjectKey } from "./object-key.ts";
import { withOverlay } from "./overlay.ts";
import { rateLimitConfig } from "./rate-limit-config.ts";
import { Reader } from "./reader.ts";
import { requestAuthentication } from "./request-authentication.ts";
import type { InForceRows } from "./rows.ts";
import { serviceEntry } from "./service-entry.ts";
import { service, serviceAccount } from "./service.ts";
import { sidecar } from "./sidecar.ts";
import { virtualService } from "./virtual-service.ts";

type Maker = (namespace: string, name: string, read: Reader) => KubeObject | undefined;

/** A file for each kind of object. */
const makers: Partial<Record<KindName, Maker>> = {
  Namespace: (_, name, read) => namespace(name, read),
  PeerAuthentication: peerAuthentication,
  Deployment: deployment,
  HorizontalPodAutoscaler: autoscaler,
  PodDisruptionBudget: disruptionBudget,
  Service: service,
  ServiceAccount: serviceAccount,
  DestinationRule: destinationRule,
  VirtualService: (namespace, name, read) =>
    namespace === rootNamespace ? ingressVirtualService(name, read) : virtualService(namespace, name, read),
  AuthorizationPolicy: authorizationPolicy,
  Sidecar: sidecar,
  EnvoyFilter: envoyFilter,
  ConfigMap: rateLimitConfig,
  RequestAuthentication: requestAuthentication,
  Gateway: gateway,
  ServiceEntry: serviceEntry,
};

export interface Rendered {
  object: KubeObject;
  /** Highest revision among the rows that it was made from. */
  rowRevision: number;
}

export interface RenderOptions {
  /** Trust domain of the identities of a cluster; a text: the same in every cluster. */
  trustDomain: string | ((cluster: string) => string);
}

/**
 * One object of one cluster from the rows in force; undefined when it shall not exist. Pure: the same rows give the same
 * bytes. Throws only when the rows are damaged (a snapshot that they name is missing).
 */
export function render(
  cluster: string,
  key: ObjectKey,
  rows: InForceRows,
  { trustDomain }: RenderOptions,
): Rendered | undefined {
  const parts = parseObjectKey(key);
  const make = parts === undefined ? undefined : makers[parts.kind.kind as KindName];
  if (parts === undefined || make === undefined) return undefined;
  const read = new Reader(cluster, rows, typeof trustDomain === "string" ? trustDomain : trustDomain(cluster));
  const object = make(parts.namespace, parts.name, read);
  if (object === undefined) return undefined;
  const app = object.metadata.labels?.app;
  const overlay = app === undefined ? undefined : read.overlayOf(app, object);
  return { object: overlay === undefined ? object : withOverlay(object, overlay), rowRevision: read.revision };
}
