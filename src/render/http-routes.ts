import type { CallOverrides, Fault, Retries, TrafficPart } from "../model/parts.ts";
import { isHttp } from "../model/protocol.ts";
import type { HomeLane, RosterPort } from "../model/rows.ts";
import type { HTTPFaultInjection, HTTPMatchRequest, HTTPRetry, HTTPRoute } from "../objects/istio.ts";
import { everyRequest, intersection, matchesOf, requestSet, type RequestSet } from "./http-match.ts";
import { byRevision, seconds } from "./names.ts";

/** A caller that overrides something for its calls. */
export interface OverridingCaller {
  app: string;
  segment: string;
  overrides: CallOverrides[string];
}

/** Where requests go: the subsets with a weight, oldest revision first. Empty while nothing is in service. */
export function weighted(
  host: string,
  { weights }: Pick<HomeLane, "weights">,
  port?: number,
): NonNullable<HTTPRoute["route"]> {
  return Object.entries(weights)
    .filter(([, weight]) => weight > 0)
    .toSorted(([a], [b]) => byRevision(a, b))
    .map(([subset, weight]) => ({
      destination: { host, subset, ...(port !== undefined && { port: { number: port } }) },
      weight,
    }));
}

interface Group {
  /** Empty: every port. */ ports: number[];
  name: string;
  timeoutMs: number;
}

/** HTTP and gRPC ports may have different timeouts; only then routes are told apart by port. */
function portGroups(ports: readonly RosterPort[], traffic: TrafficPart): Group[] {
  const http = ports.filter(({ protocol }) => isHttp(protocol));
  const grpc = http.filter(({ protocol }) => protocol === "grpc");
  if (grpc.length === 0) return [{ ports: [], name: "", timeoutMs: traffic.timeoutMs }];
  if (grpc.length === http.length || traffic.timeoutMs === traffic.grpcTimeoutMs)
    return [{ ports: [], name: "", timeoutMs: traffic.grpcTimeoutMs }];
  const grpcPorts = grpc.flatMap((port) => (port === http[0] ? [port.port, 80] : [port.port]));
  return [
    { ports: grpcPorts, name: "-grpc", timeoutMs: traffic.grpcTimeoutMs },
    { ports: [], name: "", timeoutMs: traffic.timeoutMs },
  ];
}

/**
 * The routes of an app's VirtualService: first those of callers that override something, then everybody's; in each, a
 * route for every fault that is for some requests only. Rules by caller are left out where nothing is overridden, for
 * `sourceLabels` make istiod compute the routes of each proxy on its own.
 */
export function httpRoutes(
  host: string,
  ports: readonly RosterPort[],
  values: Pick<HomeLane, "weights">,
  traffic: TrafficPart,
  callers: readonly OverridingCaller[],
): HTTPRoute[] {
  const destinations = weighted(host, values);
  const outcome: Pick<HTTPRoute, "route" | "directResponse"> =
    destinations.length > 0
      ? { route: destinations }
      : { directResponse: { status: 503, body: { string: "no revision is in service" } } };
  const variants: { name: string; source: HTTPMatchRequest; requests: RequestSet; overrides: CallOverrides[string] }[] =
    [
      ...callers.map(({ app, segment, overrides }) => ({
        name: `caller-${app}`,
        source: { sourceLabels: { app }, sourceNamespace: segment },
        overrides,
        requests: overrides.match === undefined ? everyRequest : { rules: [overrides.match], headers: {} },
      })),
      { name: "default", source: {}, requests: everyRequest, overrides: {} },
    ];
  return variants.flatMap(({ name, source, requests, overrides }) =>
    portGroups(ports, traffic).flatMap((group) => {
      const timeoutMs = overrides.timeoutMs ?? group.timeoutMs;
      const rest = {
        ...outcome,
        ...(timeoutMs > 0 && { timeout: seconds(timeoutMs) }),
        retries: httpRetry({ ...traffic.retries, ...overrides.retries }),
      };
      return withFaults(traffic.faults, requests).map(({ requests: subset, fault, name: suffix }): HTTPRoute => {
        const matches = matchesOf(subset).flatMap((match) =>
          group.ports.length === 0
            ? [{ ...match, ...source }]
            : group.ports.map((port) => ({ ...match, port, ...source })),
        );
        const all = matches.some((match) => Object.keys(match).length === 0);
        return {
          name: `${name}${group.name}${suffix}`,
          ...(!all && { match: matches }),
          ...rest,
          ...(fault !== undefined && { fault }),
        };
      });
    }),
  );
}

/** The requests divided by the first fault that fits them. */
function withFaults(
  faults: readonly Fault[],
  requests: RequestSet,
): { requests: RequestSet; fault?: HTTPFaultInjection; name: string }[] {
  const divided: { requests: RequestSet; fault?: HTTPFaultInjection; name: string }[] = [];
  for (const [index, fault] of faults.entries()) {
    if (fault.match === undefined) return [...divided, { requests, fault: injection(fault), name: `-fault-${index}` }];
    const some = intersection(requests, requestSet(fault.match));
    if (some !== undefined) divided.push({ requests: some, fault: injection(fault), name: `-fault-${index}` });
  }
  return [...divided, { requests, name: "" }];
}

function injection({ percent, delayMs, abort }: Fault): HTTPFaultInjection {
  const percentage = { value: percent };
  return {
    ...(delayMs !== undefined && { delay: { fixedDelay: seconds(delayMs), percentage } }),
    ...(abort !== undefined && { abort: { httpStatus: abort.status, percentage } }),
  };
}

/** `attempts: 0` switches Istio's own default of 2 off. Status codes count only beside `retriable-status-codes`. */
export function httpRetry({ attempts, perTryTimeoutMs, retryOn }: Retries): HTTPRetry {
  if (attempts === 0) return { attempts: 0 };
  const codes =
    retryOn.some((condition) => /^\d+$/.test(condition)) && !retryOn.includes("retriable-status-codes")
      ? ["retriable-status-codes"]
      : [];
  return {
    attempts,
    ...(perTryTimeoutMs > 0 && { perTryTimeout: seconds(perTryTimeoutMs) }),
    retryOn: [...retryOn, ...codes].join(","),
  };
}
