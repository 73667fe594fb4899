import { typeUrls, type Change, type MeshCompiler, type Proxy, type Resource, type Snapshot } from "../resource.ts";
import { authorization } from "./authorization.ts";
import { peerAuthentication } from "./authentication.ts";
import { clusters } from "./cluster.ts";
import { destinationRules } from "./destination-rule.ts";
import { destinations } from "./destinations.ts";
import { Encoder } from "./encode.ts";
import { endpoints } from "./endpoints.ts";
import { envoyFilters } from "./envoy-filter.ts";
import { inboundPorts } from "./inbound-port.ts";
import { createIndexes } from "./index/indexes.ts";
import { ObjectStore } from "./index/objects.ts";
import { jwtAuthentication } from "./jwt.ts";
import { gatewayServers } from "./gateway-server.ts";
import { gateways } from "./gateway.ts";
import { inbound } from "./listener-inbound.ts";
import { outbound } from "./listener-outbound.ts";
import { Graph } from "./memo.ts";
import type { Mesh, MeshSettings } from "./mesh.ts";
import { parseOutboundCluster } from "./names.ts";
import { outboundClusters } from "./outbound-clusters.ts";
import { passthrough } from "./passthrough.ts";
import { reachOf } from "./reach.ts";
import { Roots, type Owner } from "./roots.ts";
import { routeConfigurations, viewNameId, type ViewName } from "./route-configuration.ts";
import { services, type MeshService } from "./service.ts";
import { sidecarScopes } from "./sidecar-scope.ts";
import { sidecars } from "./sidecar.ts";
import { sharedViews } from "./shared-view.ts";
import { viewOf, type View } from "./view.ts";
import { Views, type Viewed } from "./views.ts";
import { virtualHosts } from "./virtual-host.ts";
import { virtualServices } from "./virtual-service.ts";
import { workloads } from "./workload.ts";

export interface CompilerOptions extends Partial<Omit<MeshSettings, "registry">>, Pick<MeshSettings, "registry"> {
  /** Told when something can't be compiled, and what; its last good version stays in force, and all else is compiled. Default: ignored. */
  onError?: (error: unknown, what: string) => void;
}

type Resources = ReadonlyMap<string, Resource>;
/** A proxy that comes again under its id may have other metadata: the serial number keeps the two apart. */
interface ProxyKey {
  readonly proxy: Proxy;
  readonly serial: number;
}
interface Connected extends Owner {
  readonly key: ProxyKey;
}

/** Compiles the Istio API, Services, EndpointSlices and Pods to Envoy resources. Pure: no I/O, no clock. */
export function createMeshCompiler(options: CompilerOptions): MeshCompiler {
  const {
    trustDomain = "cluster.local",
    rootNamespace = "istio-system",
    clusterDomain = "cluster.local",
    systemRoots = "/etc/ssl/certs/ca-certificates.crt",
    identitySource = "ads",
    registry,
    onError = () => {},
  } = options;
  const graph = new Graph(onError);
  const encoder = new Encoder();
  const store = new ObjectStore(graph);
  const mesh: Mesh = {
    graph,
    encoder,
    indexes: createIndexes(store, clusterDomain),
    settings: { trustDomain, rootNamespace, clusterDomain, systemRoots, identitySource, registry },
  };
  const compiled = compile(mesh);
  const roots = new Roots(graph, onError);
  const views = new Views(graph, roots, sharedViews(mesh));
  const proxies = new Map<string, Connected>();
  let serial = 0;
  const listeners = new Set<(changes: readonly Change[]) => void>();

  function connected(id: string): Connected {
    const found = proxies.get(id);
    if (found === undefined) throw new Error(`no proxy "${id}" is connected`);
    return found;
  }
  const listenersOf = (found: Connected) =>
    roots.read(found, "listeners", typeUrls.listener, compiled.listeners, found.key);
  const ownClusters = (found: Connected) =>
    roots.read(found, "clusters", typeUrls.cluster, compiled.ownClusters, found.key);
  function viewedBy(id: string): Viewed {
    const found = views.of(id);
    if (found === undefined) throw new Error(`no proxy "${id}" is connected`);
    return found;
  }
  /** What a view has in common under `clusters`, `route NAME` or `endpoints NAME`. */
  function shared(viewed: Viewed, label: string): ReadonlyMap<string, Resource> {
    const { view } = viewed;
    const space = label.indexOf(" ");
    if (space < 0) return roots.read(viewed, label, typeUrls.cluster, compiled.sharedClusters, view);
    const key = { view, name: label.slice(space + 1) };
    return label.startsWith("route ")
      ? roots.read(viewed, label, typeUrls.routeConfiguration, compiled.route, key)
      : roots.read(viewed, label, typeUrls.endpoints, compiled.endpoints, key);
  }

  function removeProxy(id: string): void {
    const found = proxies.get(id);
    if (found === undefined) return;
    proxies.delete(id);
    roots.end(found);
    views.remove(id);
  }

  return {
    put: (object) => store.put(object),
    remove: (kind, namespace, name) => store.remove(kind, namespace, name),
    flush() {
      graph.settle();
      const changes = [...views.flush(shared), ...roots.flush()];
      graph.sweep();
      if (changes.length > 0) for (const listener of listeners) listener(changes);
    },
    addProxy(proxy) {
      removeProxy(proxy.id);
      views.add(proxy, viewOf(proxy));
      proxies.set(proxy.id, {
        key: { proxy, serial: serial++ },
        proxies: new Set([proxy.id]),
        roots: new Map(),
      });
    },
    removeProxy,
    snapshot(id): Snapshot {
      const found = connected(id);
      return {
        listeners: listenersOf(found),
        clusters: new Map([...shared(viewedBy(id), "clusters"), ...ownClusters(found)]),
      };
    },
    route: (id, name) => shared(viewedBy(id), `route ${name}`).get(name),
    endpoints: (id, name) => shared(viewedBy(id), `endpoints ${name}`).get(name),
    sources(id, type, name) {
      const found = connected(id);
      switch (type) {
        case typeUrls.routeConfiguration:
          return roots.objects(viewedBy(id), `route ${name}`);
        case typeUrls.endpoints:
          return roots.objects(viewedBy(id), `endpoints ${name}`);
        case typeUrls.listener:
          return roots.objects(found, "listeners", name);
        default:
          return ownClusters(found).has(name)
            ? roots.objects(found, "clusters", name)
            : roots.objects(viewedBy(id), "clusters", name);
      }
    },
    reach: (objects) =>
      reachOf(
        objects.flatMap((id) => store.users(id)),
        (cells) => roots.proxies(cells),
      ),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stats: encoder,
  };
}

/** Everything that is computed, wired together. Each result is a map by name, so that changes can be told by name. */
function compile(mesh: Mesh) {
  const { graph } = mesh;
  const known = services(mesh);
  const peers = peerAuthentication(mesh);
  const running = workloads(mesh, known, peers);
  const rules = destinationRules(mesh);
  const filters = envoyFilters(mesh);
  const scopes = sidecarScopes(mesh, known);
  const virtual = virtualServices(mesh);
  const hosts = virtualHosts(mesh, known, virtual, filters);
  const called = destinations(mesh, known, scopes, rules, virtual, hosts);
  const others = passthrough(mesh);
  const routes = routeConfigurations(mesh, known, called, hosts, filters, others);
  const assignments = endpoints(mesh, known, running, rules);
  const access = authorization(mesh);
  const jwt = jwtAuthentication(mesh, known);
  const outer = outbound(mesh, filters);
  const sidecar = sidecars({
    services: known,
    scopes,
    rules,
    virtualServices: virtual,
    virtualHosts: hosts,
    destinations: called,
    envoyFilters: filters,
    inboundPorts: inboundPorts(mesh, known),
    inbound: inbound(mesh, filters, access, peers, jwt),
    outbound: outer,
  });
  const router = gateways(mesh, {
    servers: gatewayServers(mesh),
    services: known,
    destinations: called,
    virtualServices: virtual,
    virtualHosts: hosts,
    envoyFilters: filters,
    authorization: access,
    jwt,
  });
  const clustersOf = outboundClusters(clusters(mesh, known, running, rules, filters), rules, called, filters);
  const servicesOf = graph.family<View, ReadonlyMap<string, MeshService>>(
    "all services of view",
    (view) => {
      const found = view.role === "router" ? router.services(view) : called.services(view);
      const keySources = jwt.services(view.namespace, view.labels).filter((service) => !found.has(service.host));
      return keySources.length === 0
        ? found
        : new Map([...found, ...keySources.map((service) => [service.host, service] as const)]);
    },
    { id: (view) => view.id, equal: sameServices, barrier: true },
  );
  function sharedClusters(view: View): Resource[] {
    const found = [...clustersOf(view, servicesOf(view).values()), ...jwt.clusters(view.namespace, view.labels)];
    if (view.role === "router") return found;
    return [
      ...found,
      outer.tunnelCluster(""),
      ...(called.scopeOf(view).outbound === "ALLOW_ANY" ? [others.cluster("")] : []),
    ];
  }
  const ofView = { id: (view: View) => view.id, equal: sameResources };
  const ofProxy = { id: ({ proxy, serial }: ProxyKey) => `${proxy.id}#${serial}`, equal: sameResources };
  return {
    listeners: graph.family<ProxyKey, Resources>(
      "listeners of proxy",
      ({ proxy }) =>
        byName(
          proxy.role === "router"
            ? [outer.health(proxy.ip), ...router.listeners(proxy, viewOf(proxy))]
            : sidecar.listeners(proxy),
        ),
      ofProxy,
    ),
    ownClusters: graph.family<ProxyKey, Resources>(
      "clusters of proxy",
      ({ proxy }) => byName(proxy.role === "router" ? [] : sidecar.ownClusters(proxy)),
      ofProxy,
    ),
    sharedClusters: graph.family<View, Resources>("clusters of view", (view) => byName(sharedClusters(view)), ofView),
    route: graph.family<ViewName, Resources>(
      "route of view",
      (key) => byName([key.view.role === "router" ? router.routes(key) : routes(key)]),
      { id: viewNameId, equal: sameResources },
    ),
    endpoints: graph.family<ViewName, Resources>(
      "endpoints of view",
      ({ view, name }) => {
        const parsed = parseOutboundCluster(name);
        const service = parsed === undefined ? undefined : servicesOf(view).get(parsed.host);
        if (parsed === undefined || service === undefined) return new Map();
        return byName([
          assignments({
            service: service.id,
            port: parsed.port,
            subset: parsed.subset,
            rule: called.ruleKey(view, service),
            region: view.region,
            zone: view.zone,
          }),
        ]);
      },
      { id: viewNameId, equal: sameResources },
    ),
  };
}

/** The first of a name counts. */
function byName(resources: readonly (Resource | undefined)[]): Resources {
  const map = new Map<string, Resource>();
  for (const resource of resources)
    if (resource !== undefined && !map.has(resource.name)) map.set(resource.name, resource);
  return map;
}

function sameServices(a: ReadonlyMap<string, MeshService>, b: ReadonlyMap<string, MeshService>): boolean {
  return a.size === b.size && [...a].every(([host, service]) => b.get(host) === service);
}

function sameResources(a: Resources, b: Resources): boolean {
  if (a.size !== b.size) return false;
  for (const [name, resource] of a) if (b.get(name)?.version !== resource.version) return false;
  return true;
}
