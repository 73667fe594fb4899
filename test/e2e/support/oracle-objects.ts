import type { KubeObject } from "../../../src/objects/meta.ts";
import type { Random } from "./oracle-random.ts";

/** Addresses of the three proxies and of the rate-limit service. */
export interface Places { ana: string; r1: string; r2: string; limits: { host: string; port: number } }

export const paths = ["/", "/items", "/items/1", "/items/1?color=red", "/ITEMS", "/admin", "/admin/../items", "/%61dmin", "/a//b", "/slow?color=blue"];
export const methods = ["GET", "GET", "GET", "POST", "PUT", "DELETE"];
export const users = ["ana", "berta", "carla"];

/** A random configuration, and what test cases must know of it. */
export interface Configuration {
  objects: KubeObject[];
  /** Requests that the caller (towards each subset) and each replica take at a time. */
  callerPool: number | undefined;
  inboundPool: number | undefined;
  /** Tokens of each value of `x-limited` (on each replica), and of `x-global`. */
  localTokens: number;
  /** The callee speaks plain text, and the caller TLS: nothing arrives, and so nothing can be prepared. */
  broken: boolean;
}
/** Tokens of each value of `x-global`, for all replicas together. */
export const globalTokens = 2;

const object = (kind: string, group: string, name: string, spec: object, namespace = "one"): KubeObject => ({ apiVersion: group, kind, metadata: { name, namespace }, spec }) as unknown as KubeObject;
const istio = "networking.istio.io/v1";

/** What stays: services, endpoints, identities. `bob` has two replicas, one of each revision; `ghost` none; nothing listens for `dead`; `hidden` isn't in scope. */
export function ground({ r1, r2, limits }: Places): KubeObject[] {
  const service = (name: string, ports: object[], namespace = "one") => object("Service", "v1", name, { ...(namespace === "one" && { selector: { app: name } }), ports }, namespace);
  const slice = (name: string, ports: object[], endpoints: object[], namespace = "one"): KubeObject => ({ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } }, addressType: "IPv4", ports, endpoints }) as unknown as KubeObject;
  const pod = (revision: string, ip: string) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: `bob-${revision}`, namespace: "one", labels: { app: "bob", revision, "security.istio.io/tlsMode": "istio" } }, spec: { serviceAccountName: "bob", containers: [] }, status: { podIP: ip } }) as unknown as KubeObject;
  const http = [{ name: "http", port: 8080, targetPort: 8080 }, { name: "http-80", port: 80, targetPort: 8080, appProtocol: "http" }];
  const target = (revision: string) => ({ kind: "Pod", name: `bob-${revision}`, namespace: "one" });
  return [
    service("bob", http), service("ghost", http), service("dead", http), service("hidden", http), service("ratelimit", [{ name: "grpc-ratelimit", port: 8081, targetPort: limits.port }], "quipu-system"),
    pod("r1", r1), pod("r2", r2),
    slice("bob", [{ name: "http", port: 8080 }, { name: "http-80", port: 8080 }], [{ addresses: [r1], targetRef: target("r1") }, { addresses: [r2], targetRef: target("r2") }]),
    slice("dead", [{ name: "http", port: 9999 }, { name: "http-80", port: 9999 }], [{ addresses: [r1], targetRef: target("r1") }]),
    slice("ratelimit", [{ name: "grpc-ratelimit", port: limits.port }], [{ addresses: [limits.host] }], "quipu-system"),
  ];
}

/** What changes from one configuration to the next. */
export function configuration(random: Random, number: number): Configuration {
  const pools = random.chance(0.25);
  const callerPool = pools && random.chance(0.6) ? random.integer(1, 3) : undefined;
  const inboundPool = pools && (callerPool === undefined || random.chance(0.5)) ? random.integer(1, 3) : undefined;
  const localTokens = random.integer(1, 3);
  const broken = random.chance(0.06);
  const objects = [
    object("VirtualService", istio, "bob", { hosts: ["bob"], http: routes(random) }),
    object("DestinationRule", istio, "bob", {
      host: "bob",
      // A connect timeout of its own makes every cluster new, and with it the connections: none is left from before.
      trafficPolicy: { connectionPool: { tcp: { connectTimeout: `${10_000 + number}ms` }, http: callerPool === undefined ? {} : { http2MaxRequests: callerPool } } },
      subsets: ["r1", "r2", "r3"].map((revision) => ({ name: revision, labels: { revision } })),
    }),
    ...["ghost", "dead"].map((host) => object("DestinationRule", istio, host, { host, trafficPolicy: { connectionPool: { tcp: { connectTimeout: `${10_000 + number}ms` } } } })),
    object("Sidecar", istio, "ana", { workloadSelector: { labels: { app: "ana" } }, egress: [{ hosts: ["one/bob.one.svc.cluster.local", "one/ghost.one.svc.cluster.local", "one/dead.one.svc.cluster.local"] }], outboundTrafficPolicy: { mode: "REGISTRY_ONLY" } }),
    object("Sidecar", istio, "bob", {
      workloadSelector: { labels: { app: "bob" } }, egress: [{ hosts: ["quipu-system/*"] }], outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      ...(inboundPool !== undefined && { inboundConnectionPool: { http: { http2MaxRequests: inboundPool } } }),
    }),
    object("PeerAuthentication", "security.istio.io/v1", "default", { mtls: { mode: broken ? "DISABLE" : random.chance(0.3) ? "PERMISSIVE" : "STRICT" } }),
    ...authorization(random),
    limits(localTokens, random.chance(0.5)),
  ];
  return { objects, callerPool, inboundPool, localTokens, broken };
}

function routes(random: Random): object[] {
  const to = (subset: string, more: object = {}) => ({ destination: { host: "bob", subset }, ...more });
  // Requests that prepare a case (take tokens, fill pools) reach the replica that they name, whatever the rest says.
  const prime = ["r1", "r2"].map((subset) => ({ name: `prime-${subset}`, match: [{ headers: { "x-prime": { exact: subset } } }], route: [to(subset)], retries: { attempts: 0 } }));
  const list: object[] = [];
  const count = random.integer(1, 4);
  for (let index = 0; index <= count; index++) {
    const last = index === count;
    if (last && random.chance(0.25)) break;
    const match = last ? {} : { match: Array.from({ length: random.integer(1, 2) }, () => matchOf(random)) };
    const action = random.next();
    if (action < 0.08) {
      list.push({ name: `route-${index}`, ...match, directResponse: { status: random.pick([404, 503, 418]) } });
      continue;
    }
    if (action < 0.11) {
      list.push({ name: `route-${index}`, ...match, redirect: { uri: "/elsewhere", redirectCode: random.pick([301, 302, 307]) } });
      continue;
    }
    const targets = random.next();
    const route = targets < 0.7 ? [to(random.pick(["r1", "r2"]))] : targets < 0.85 ? [to("r1", { weight: 50 }), to("r2", { weight: 50 })] : targets < 0.88 ? [to("r3")] : targets < 0.92 ? [to("r1", { weight: 70 }), to("r3", { weight: 30 })] : targets < 0.95 ? [{ destination: { host: "nowhere.one.svc.cluster.local" } }] : [to("r2")];
    list.push({
      name: `route-${index}`, ...match, route,
      ...(random.chance(0.65) && { timeout: "0.6s" }),
      retries: random.chance(0.4) ? { attempts: 0 } : { attempts: random.integer(1, 2), retryOn: random.pick(["5xx", "gateway-error", "connect-failure,reset", "retriable-4xx", "503,409", "connect-failure"]), ...(random.chance(0.4) && { perTryTimeout: "0.3s" }) },
      ...(random.chance(0.1) && { fault: faultOf(random) }),
      ...(random.chance(0.12) && { rewrite: { uri: random.pick(["/items", "/admin/", "/rewritten"]) } }),
      ...(random.chance(0.12) && { headers: { request: { set: { "x-user": random.pick(users) }, ...(random.chance(0.3) && { remove: ["x-color"] }) } } }),
    });
  }
  return [...prime, ...list];
}

function faultOf(random: Random): object {
  const percentage = { value: random.chance(0.7) ? 100 : 50 };
  return random.chance(0.7) ? { abort: { httpStatus: random.pick([404, 418, 503]), percentage } } : { delay: { fixedDelay: "0.05s", percentage: { value: 100 } } };
}

function text(random: Random, values: readonly string[], pattern: string): object {
  const value = random.pick(values);
  const kind = random.next();
  return kind < 0.5 ? { exact: value } : kind < 0.8 ? { prefix: value.slice(0, random.integer(1, value.length)) } : { regex: pattern };
}

function matchOf(random: Random): object {
  return {
    ...(random.chance(0.6) && { uri: text(random, ["/items", "/items/1", "/admin", "/a//b", "/"], "/(items|admin)(/.*)?"), ...(random.chance(0.2) && { ignoreUriCase: true }) }),
    ...(random.chance(0.25) && { method: { exact: random.pick(methods) } }),
    ...(random.chance(0.3) && { headers: { "x-user": random.chance(0.2) ? {} : text(random, users, "[ab].*a") } }),
    ...(random.chance(0.15) && { withoutHeaders: { "x-color": random.chance(0.5) ? {} : { exact: "red" } } }),
    ...(random.chance(0.2) && { queryParams: { color: text(random, ["red", "blue"], "r.d") } }),
    ...(random.chance(0.15) && { sourceLabels: { app: random.pick(["ana", "nobody"]) } }),
    ...(random.chance(0.1) && { port: random.pick([80, 8080]) }),
  };
}

/** Who may call. Requests that prepare a case always may. */
function authorization(random: Random): KubeObject[] {
  const policy = (name: string, spec: object) => object("AuthorizationPolicy", "security.istio.io/v1", name, { selector: { matchLabels: { app: "bob" } }, ...spec });
  const operation = () => ({
    ...(random.chance(0.4) && { methods: random.some(["GET", "POST", "PUT", "DELETE"], 0.7).concat("GET") }),
    ...(random.chance(0.5) && { paths: random.some(["/items*", "/admin", "*/1", "/", "/a*", "/slow", "/rewritten"], 0.6).concat("/items*") }),
    ...(random.chance(0.1) && { notPaths: ["/admin*"] }),
    ...(random.chance(0.1) && { hosts: ["bob.one", "bob.one:8080", "bob"] }),
  });
  const source = () => random.pick([{ principals: ["quipu.local/ns/one/sa/ana"] }, { principals: ["*/sa/ana"] }, { namespaces: ["one"] }, { principals: ["quipu.local/ns/one/sa/eve"] }, { notPrincipals: ["*/sa/eve"] }, { principals: ["cluster.local/ns/one/sa/ana"] }]);
  const prepared = { when: [{ key: "request.headers[x-prime]", values: ["r1", "r2"] }] };
  const rule = () => ({ ...(random.chance(0.85) && { from: [{ source: source() }] }), ...(random.chance(0.6) && { to: [{ operation: operation() }] }), ...(random.chance(0.15) && { when: [{ key: "request.headers[x-user]", values: random.some(users, 0.7).concat("ana") }] }) });
  const allow = random.chance(0.85) ? [policy("allow", { rules: [prepared, ...Array.from({ length: random.integer(1, 2) }, rule)] })] : [];
  const deny = random.chance(0.3) ? [policy("deny", { action: "DENY", rules: [{ to: [{ operation: { ...operation(), paths: [random.pick(["/admin*", "/slow", "*/1"])] } }], when: [{ key: "request.headers[x-prime]", notValues: ["r1", "r2"] }] }] })] : [];
  return [...allow, ...deny];
}

/** A limit for each value of `x-limited` on each replica, and one for each of `x-global` at the rate-limit service. */
function limits(tokens: number, deny: boolean): KubeObject {
  const beforeRouter = (value: object) => ({ applyTo: "HTTP_FILTER", match: { context: "SIDECAR_INBOUND", listener: { filterChain: { filter: { name: "envoy.filters.network.http_connection_manager", subFilter: { name: "envoy.filters.http.router" } } } } }, patch: { operation: "INSERT_BEFORE", value } });
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  const actions = (index: string, name: string) => [{ generic_key: { descriptor_key: "limit", descriptor_value: index } }, { request_headers: { header_name: name, descriptor_key: name } }];
  return object("EnvoyFilter", "networking.istio.io/v1alpha3", "bob", {
    workloadSelector: { labels: { app: "bob" } },
    configPatches: [
      beforeRouter({
        name: "envoy.filters.http.local_ratelimit",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix: "local", filter_enabled: always, filter_enforced: always, max_dynamic_descriptors: 10_000,
          rate_limits: [{ actions: actions("0", "x-limited") }],
          descriptors: [{ entries: [{ key: "limit", value: "0" }, { key: "x-limited", value: "" }], token_bucket: { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "3600s" } }],
        },
      }),
      beforeRouter({
        name: "envoy.filters.http.ratelimit",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit", domain: "bob.one", failure_mode_deny: deny, timeout: "2s",
          rate_limit_service: { transport_api_version: "V3", grpc_service: { envoy_grpc: { cluster_name: "outbound|8081||ratelimit.quipu-system.svc.cluster.local", authority: "ratelimit.quipu-system.svc.cluster.local" }, timeout: "2s" } },
        },
      }),
      { applyTo: "VIRTUAL_HOST", match: { context: "SIDECAR_INBOUND", routeConfiguration: { vhost: { name: "" } } }, patch: { operation: "MERGE", value: { rate_limits: [{ actions: actions("1", "x-global") }] } } },
    ],
  });
}
