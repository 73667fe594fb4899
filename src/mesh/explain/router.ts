import type { RouteAction, RetryPolicy } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { retriesExhausted } from "./breaker.ts";
import { msWords, toMs } from "./duration.ts";
import { atOnce, plus, type Decision, type Exchange, type Reply, type Span } from "./exchange.ts";
import type { FilterContext } from "./filter-context.ts";
import type { HttpRequest } from "./http-message.ts";
import { objectOf, objectWords } from "./open-proxy.ts";
import { routeWords } from "./pick-route.ts";
import { backOff, isRetriable, type Ended } from "./retry.ts";
import { callCluster, clusterWords, type Enter } from "./upstream.ts";

/** Sends a request through a cluster under its route's timeouts and retries, as Envoy's router does. */
export function forward(
  context: FilterContext,
  action: RouteAction,
  name: string,
  request: HttpRequest,
  enter: Enter,
): Reply {
  const { walk, proxy, routed } = context;
  const cluster = proxy.cluster(name);
  const object = objectOf(routed.route?.metadata);
  const rule = routeWords(routed.route);
  const from = object === undefined ? rule : `${objectWords(object)}, ${rule}`;
  const facts = { by: proxy.name, rule, ...(object !== undefined && { object }) };
  const reply = (status: number, after: Span, decision: Decision): Reply => ({
    kind: "reply",
    status,
    after,
    decision,
    cluster: name,
  });

  if (cluster === undefined) {
    walk.step(proxy, "cluster", name, "doesn't exist");
    return reply(503, atOnce, {
      ...facts,
      flag: "NC",
      words: `${from} of ${proxy.name} leads to ${name}, which doesn't exist`,
    });
  }
  const timeout = toMs(action.timeout) ?? 15_000;
  const perTry = perTryTimeout(action.retryPolicy, timeout);
  const policy = action.retryPolicy ?? routed.host?.retryPolicy;
  const tried = new Set<string>();
  const callee = clusterWords(cluster);
  let elapsed = atOnce;
  for (let retry = 0; ; retry++) {
    const exchange = callCluster(walk, proxy, cluster, request, tried, enter);
    if (exchange === "no hosts")
      return reply(503, elapsed, {
        ...facts,
        rule: name,
        ...(objectOf(cluster.metadata) !== undefined && { object: objectOf(cluster.metadata)! }),
        flag: "UH",
        words: `${callee} has no endpoint for ${proxy.name} (${name})`,
      });
    const tooLong = perTry > 0 && isLate(context, exchange.after, perTry);
    const ended: Ended = tooLong ? "per-try timeout" : exchange;
    const took = tooLong ? { from: perTry, to: perTry } : exchange.after;
    if (timeout > 0 && isLate(context, plus(elapsed, took), timeout)) return timedOut(timeout, "waits");
    elapsed = plus(elapsed, took);
    if (policy === undefined || !isRetriable(policy, ended)) return final(ended);
    const most = policy.numRetries ?? 1;
    if (retry >= most) {
      walk.step(proxy, "retry", policy.retryOn, `no more: ${most} ${most === 1 ? "was" : "were"} allowed`, object);
      return final(ended, "URX");
    }
    const exhausted = retriesExhausted(cluster, walk.inUse(proxy));
    if (exhausted !== undefined) {
      walk.step(proxy, "retry", policy.retryOn, `none: ${exhausted} are in use`, objectOf(cluster.metadata));
      return final(ended, "UO");
    }
    walk.step(proxy, "retry", policy.retryOn, `${words(ended)} is tried again (${retry + 1} of ${most})`, object);
    elapsed = plus(elapsed, backOff(policy, retry + 1));
    if (timeout > 0 && isLate(context, elapsed, timeout)) return timedOut(timeout, "waits");
  }

  function timedOut(limit: number, verb: string): Reply {
    const { status: _, delayMs } = walk.lastAnswer;
    const said = delayMs > 0 ? `; the app was said to take ${msWords(delayMs)}` : "";
    walk.step(proxy, "timeout", rule, `${msWords(limit)} are over`, object);
    return reply(
      504,
      { from: limit, to: limit },
      { ...facts, flag: "UT", words: `${proxy.name} ${verb} ${msWords(limit)} for ${callee} (${from})${said}` },
    );
  }

  function final(ended: Ended, flag?: string): Reply {
    if (ended === "per-try timeout") return { ...timedOut(perTry, "waits in each try"), after: elapsed };
    if (ended.kind === "failure")
      return reply(503, elapsed, { rule: name, ...ended.decision, by: proxy.name, ...(flag === "URX" && { flag }) });
    return {
      ...ended,
      // What came out of a tunnel went through the cluster inside.
      cluster: request.tunnelled === undefined ? name : (ended.cluster ?? name),
      after: elapsed,
      decision: { ...ended.decision, ...(flag !== undefined && ended.decision.flag === undefined && { flag }) },
    };
  }
}

/** One that isn't below the whole timeout doesn't count (Envoy, `per_try_timeout`). */
function perTryTimeout(policy: RetryPolicy | undefined, timeout: number): number {
  const own = toMs(policy?.perTryTimeout) ?? 0;
  return timeout > 0 && own >= timeout ? 0 : own;
}

/** Whether something comes only after a limit; where jitter decides, both ways. */
function isLate({ walk }: FilterContext, { from, to }: Span, limit: number): boolean {
  if (from >= limit) return true;
  return to >= limit && walk.happens((to - limit) / (to - from || 1));
}

function words(ended: Exchange | "per-try timeout"): string {
  if (ended === "per-try timeout") return "a try that takes too long";
  return ended.kind === "reply"
    ? String(ended.status)
    : ended.cause === "connect-failure"
      ? "a failed connection"
      : "a lost connection";
}
