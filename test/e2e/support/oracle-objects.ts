import type { KubeObject } from "../../../src/objects/meta.ts";
import { object } from "./oracle-ground.ts";
import { authorization, limits, users } from "./oracle-policies.ts";
import type { Random } from "./oracle-random.ts";

export const paths = [
  "/",
  "/items",
  "/items/1",
  "/items/1?color=red",
  "/ITEMS",
  "/admin",
  "/admin/../items",
  "/%61dmin",
  "/a//b",
  "/slow?color=blue",
];
export const methods = ["GET", "GET", "GET", "POST", "PUT", "DELETE"];

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

const istio = "networking.istio.io/v1";

/** What changes from one configuration to the next. */
export function configuration(random: Random, number: number): Configuration {
  const pools = random.chance(0.2);
  const callerPool = pools && random.chance(0.6) ? random.integer(1, 3) : undefined;
  const inboundPool = pools && (callerPool === undefined || random.chance(0.5)) ? random.integer(1, 3) : undefined;
  const localTokens = random.integer(1, 3);
  const broken = random.chance(0.06);
  const objects = [
    object("VirtualService", istio, "bob", { hosts: ["bob"], http: routes(random) }),
    object("DestinationRule", istio, "bob", {
      host: "bob",
      // A connect timeout of its own makes every cluster new, and with it the connections: none is left from before.
      trafficPolicy: {
        connectionPool: {
          tcp: { connectTimeout: `${10_000 + number}ms` },
          http: callerPool === undefined ? {} : { http2MaxRequests: callerPool },
        },
      },
      subsets: ["r1", "r2", "r3"].map((revision) => ({ name: revision, labels: { revision } })),
    }),
    ...["ghost", "dead"].map((host) =>
      object("DestinationRule", istio, host, {
        host,
        trafficPolicy: { connectionPool: { tcp: { connectTimeout: `${10_000 + number}ms` } } },
      }),
    ),
    object("Sidecar", istio, "ana", {
      workloadSelector: { labels: { app: "ana" } },
      egress: [
        {
          hosts: ["one/bob.one.svc.cluster.local", "one/ghost.one.svc.cluster.local", "one/dead.one.svc.cluster.local"],
        },
      ],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
    }),
    object("Sidecar", istio, "bob", {
      workloadSelector: { labels: { app: "bob" } },
      egress: [{ hosts: ["quipu-system/*"] }],
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      ...(inboundPool !== undefined && { inboundConnectionPool: { http: { http2MaxRequests: inboundPool } } }),
    }),
    object("PeerAuthentication", "security.istio.io/v1", "default", {
      mtls: { mode: broken ? "DISABLE" : random.chance(0.3) ? "PERMISSIVE" : "STRICT" },
    }),
    ...authorization(random),
    limits(localTokens, random.chance(0.5)),
  ];
  return { objects, callerPool, inboundPool, localTokens, broken };
}

function routes(random: Random): object[] {
  const to = (subset: string, more: object = {}) => ({ destination: { host: "bob", subset }, ...more });
  // Requests that prepare a case (take tokens, fill pools) reach the replica that they name, whatever the rest says.
  const prime = ["r1", "r2"].map((subset) => ({
    name: `prime-${subset}`,
    match: [{ headers: { "x-prime": { exact: subset } } }],
    route: [to(subset)],
    retries: { attempts: 0 },
  }));
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
      list.push({
        name: `route-${index}`,
        ...match,
        redirect: { uri: "/elsewhere", redirectCode: random.pick([301, 302, 307]) },
      });
      continue;
    }
    const targets = random.next();
    const route =
      targets < 0.7
        ? [to(random.pick(["r1", "r2"]))]
        : targets < 0.85
          ? [to("r1", { weight: 50 }), to("r2", { weight: 50 })]
          : targets < 0.88
            ? [to("r3")]
            : targets < 0.92
              ? [to("r1", { weight: 70 }), to("r3", { weight: 30 })]
              : targets < 0.95
                ? [{ destination: { host: "nowhere.one.svc.cluster.local" } }]
                : [to("r2")];
    list.push({
      name: `route-${index}`,
      ...match,
      route,
      ...(random.chance(0.75) && { timeout: "0.6s" }),
      retries: random.chance(0.25)
        ? { attempts: 0 }
        : {
            attempts: random.integer(1, 2),
            retryOn: random.pick([
              "5xx",
              "gateway-error",
              "connect-failure,reset",
              "retriable-4xx",
              "503,409",
              "connect-failure",
            ]),
            ...(random.chance(0.4) && { perTryTimeout: "0.3s" }),
          },
      ...(random.chance(0.1) && { fault: faultOf(random) }),
      ...(random.chance(0.12) && { rewrite: { uri: random.pick(["/items", "/admin/", "/rewritten"]) } }),
      ...(random.chance(0.12) && {
        headers: {
          request: { set: { "x-user": random.pick(users) }, ...(random.chance(0.3) && { remove: ["x-color"] }) },
        },
      }),
    });
  }
  return [...prime, ...list];
}

function faultOf(random: Random): object {
  const percentage = { value: random.chance(0.7) ? 100 : 50 };
  return random.chance(0.7)
    ? { abort: { httpStatus: random.pick([404, 418, 503]), percentage } }
    : { delay: { fixedDelay: "0.05s", percentage: { value: 100 } } };
}

function text(random: Random, values: readonly string[], pattern: string): object {
  const value = random.pick(values);
  const kind = random.next();
  return kind < 0.5
    ? { exact: value }
    : kind < 0.8
      ? { prefix: value.slice(0, random.integer(1, value.length)) }
      : { regex: pattern };
}

function matchOf(random: Random): object {
  return {
    ...(random.chance(0.6) && {
      uri: text(random, ["/items", "/items/1", "/admin", "/a//b", "/"], "/(items|admin)(/.*)?"),
      ...(random.chance(0.2) && { ignoreUriCase: true }),
    }),
    ...(random.chance(0.25) && { method: { exact: random.pick(methods) } }),
    ...(random.chance(0.3) && { headers: { "x-user": random.chance(0.2) ? {} : text(random, users, "[ab].*a") } }),
    ...(random.chance(0.15) && { withoutHeaders: { "x-color": random.chance(0.5) ? {} : { exact: "red" } } }),
    ...(random.chance(0.2) && { queryParams: { color: text(random, ["red", "blue"], "r.d") } }),
    ...(random.chance(0.15) && { sourceLabels: { app: random.pick(["ana", "nobody"]) } }),
    ...(random.chance(0.1) && { port: random.pick([80, 8080]) }),
  };
}
