import { routesOfListener } from "../compile/references.ts";
import { typeUrls, type Reach, type TypeUrl } from "../resource.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import { any, every } from "../xds/type-state.ts";
import { shortType } from "../xds/xds-metrics.ts";

export interface Lacking {
  /** `Cluster`, `ClusterLoadAssignment`, `Listener`, `RouteConfiguration`, `Secret`. */
  type: string;
  /** `*`: it has only begun to ask. */
  name: string;
  /** The version that it has acknowledged. */
  held?: string;
  /** Why it refused. */
  message?: string;
  /** The objects that the refused resource was made from: `Kind/namespace/name`. */
  objects?: string[];
}

/** `connecting`: it hasn't yet asked for everything; `waiting`: not in service; `rejected`: refused, and will be until it changes. */
export interface ProxyAnswer {
  id: string;
  state: "acknowledged" | "connecting" | "waiting" | "rejected";
  lacking: Lacking[];
}

/** What a proxy is asked for. */
export interface Asked {
  readonly ids: ReadonlySet<string>;
  /** The changes by which the objects became what they are. */
  readonly revisions: ReadonlySet<number>;
  readonly reaches: readonly Reach[];
  /** Whether objects that are gone are among them; "long ago": nobody knows any more what they had part in. */
  readonly removal: "known" | "long ago" | undefined;
  readonly resources: readonly { type: string; name: string; version?: string }[];
}

/** What a proxy lacks of it. Undefined: it isn't concerned. */
export function proxyAnswer(stream: ProxyStream, asked: Asked): ProxyAnswer | undefined {
  const lacking = new Map<string, Lacking & { rejected: boolean }>();
  const add = (entry: Lacking, rejected: boolean) => {
    const key = `${entry.type} ${entry.name}`;
    if (rejected || !lacking.has(key)) lacking.set(key, { ...entry, rejected });
  };
  const byObjects = asked.ids.size > 0;
  if (byObjects) objectsLacking(stream, asked, add);
  const wanted = resourcesLacking(stream, asked, add);
  const connecting = !stream.state.complete || !hasAskedForRoutes(stream);
  const concerned =
    (!byObjects && asked.resources.length === 0) ||
    lacking.size > 0 ||
    connecting ||
    wanted ||
    asked.reaches.some(({ proxies }) => proxies.has(stream.proxy.id));
  if (!concerned) return undefined;
  const found = [...lacking.values()];
  const rejected = found.filter((entry) => entry.rejected);
  const state =
    rejected.length > 0 ? "rejected" : connecting ? "connecting" : found.length > 0 ? "waiting" : "acknowledged";
  return {
    id: stream.proxy.id,
    state,
    lacking: [...rejected, ...found.filter((entry) => !entry.rejected)].map(({ rejected: _, ...entry }) => entry),
  };
}

type Add = (entry: Lacking, rejected: boolean) => void;

function objectsLacking(stream: ProxyStream, asked: Asked, add: Add): void {
  const { ids, revisions, reaches, removal } = asked;
  for (const [type, state] of stream.state.types) {
    const made = (name: string) =>
      removal === "long ago" || reaches.some(({ resources }) => resources.get(type as TypeUrl)?.has(name) === true);
    for (const revision of revisions.size > 0 ? revisions : [every])
      for (const name of state.waiting(revision, made)) add(lack(stream, type, name), false);
    for (const [name, { message, revisions: refused }] of state.rejected) {
      const objects = stream.sources(type, name);
      const caused = refused.some((revision) => revisions.has(revision) || revision === any);
      const mine = objects.some((id) => ids.has(id));
      // What it refused when it connected may come from any object: those that the resource was made from.
      if (caused ? mine || removal !== undefined || objects.length === 0 : mine && refused.includes(every))
        add({ ...lack(stream, type, name), message, objects }, true);
    }
  }
  for (const { named } of reaches)
    for (const { clusters, proxies } of named)
      if (proxies.has(stream.proxy.id)) for (const name of clusters) clusterInService(stream, name, add);
}

/**
 * A route is in service with the clusters that it names. Envoy acknowledges clusters when all of that response are warm
 * (it holds back its answer until then), but routes don't wait for ever for a cluster that doesn't become warm.
 */
function clusterInService(stream: ProxyStream, name: string, add: Add): void {
  const clusters = stream.state.types.get(typeUrls.cluster);
  if (clusters === undefined) return;
  if (!clusters.held.has(name) || stream.get(typeUrls.cluster, name) === undefined) {
    const refused = clusters.rejected.get(name);
    const entry = lack(stream, typeUrls.cluster, name);
    if (refused === undefined) add(entry, false);
    else add({ ...entry, message: refused.message, objects: stream.sources(typeUrls.cluster, name) }, true);
    return;
  }
  // Its endpoints, where they are told by us, were asked for and answered.
  if (stream.get(typeUrls.endpoints, name) === undefined) return;
  if (stream.state.types.get(typeUrls.endpoints)?.held.has(name) !== true)
    add(lack(stream, typeUrls.endpoints, name), false);
}

/** True when any of the resources asked for is one that it wants. */
function resourcesLacking(stream: ProxyStream, { resources }: Asked, add: Add): boolean {
  let concerned = false;
  for (const { type: given, name, version } of resources) {
    const [type, state] = [...stream.state.types].find(([url]) => url === given || shortType(url) === given) ?? [];
    if (type === undefined || !state?.wants(name)) continue;
    concerned = true;
    const now = stream.get(type, name);
    const wanted = version ?? (typeof now === "object" ? now.version : undefined);
    const held = state.held.get(name);
    if (held === wanted) continue;
    // Another version is wanted than the proxy is to have: it will never come.
    const refused = state.rejected.get(name);
    if (refused?.version === wanted && refused !== undefined)
      add({ ...lack(stream, type, name), message: refused.message, objects: stream.sources(type, name) }, true);
    else if (wanted !== undefined || held !== undefined) add(lack(stream, type, name), false);
  }
  return concerned;
}

/** Between the acknowledgement of a listener and the request for its routes a proxy has nothing pending, and yet not all. */
function hasAskedForRoutes(stream: ProxyStream): boolean {
  const { types } = stream.state;
  const routes = types.get(typeUrls.routeConfiguration);
  const listeners = types.get(typeUrls.listener);
  for (const [name, version] of listeners?.held ?? []) {
    const listener = stream.get(typeUrls.listener, name);
    if (typeof listener !== "object" || listener.version !== version) continue;
    for (const route of routesNamed(listener)) if (routes?.wants(route) !== true) return false;
  }
  return true;
}

const known = new WeakMap<object, ReadonlySet<string>>();
function routesNamed(listener: { readonly bytes: Uint8Array }): ReadonlySet<string> {
  const before = known.get(listener);
  const found = before ?? routesOfListener(listener.bytes);
  if (before === undefined) known.set(listener, found);
  return found;
}

function lack(stream: ProxyStream, type: string, name: string): Lacking {
  const held = stream.state.types.get(type)?.held.get(name);
  return { type: shortType(type), name, ...(held !== undefined && { held }) };
}
