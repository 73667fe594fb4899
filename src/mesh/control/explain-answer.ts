import { explain } from "../explain/explain.ts";
import type { Explanation } from "../explain/explanation.ts";
import type { ProxyConfig } from "../explain/question.ts";
import type { ProxyStream } from "../xds/proxy-stream.ts";
import type { ExplainQuery } from "./explain-query.ts";
import { proxyConfig } from "./proxy-view.ts";

/** Explains a request by what the connected proxies should have now. Undefined: the caller has no proxy here. */
export function explainAnswer(
  { from, question }: ExplainQuery,
  streams: Iterable<ProxyStream>,
  trustDomain: string,
): (Explanation & { proxy: string }) | undefined {
  const all = [...streams];
  const callers = all
    .filter(({ proxy }) => proxy.namespace === from.namespace && proxy.serviceAccount === from.serviceAccount)
    .sort((a, b) => Number(isSettled(b)) - Number(isSettled(a)) || (a.proxy.id < b.proxy.id ? -1 : 1));
  const caller = callers[0];
  if (caller === undefined) return undefined;
  const byIp = new Map(all.map((stream) => [stream.proxy.ip, stream]));
  const late = new Set<string>();
  const configOf = (stream: ProxyStream): ProxyConfig => {
    const { id, namespace, serviceAccount } = stream.proxy;
    if (!isSettled(stream))
      late.add(`The proxy ${id} hasn't acknowledged all of its configuration yet: this is what it is about to do`);
    return {
      name: `${serviceAccount}.${namespace}`,
      identity: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
      resources: proxyConfig(stream).map(({ resource }) => resource),
    };
  };
  const explanation = explain(
    configOf(caller),
    (address) => {
      const stream = byIp.get(address);
      return stream === undefined ? undefined : configOf(stream);
    },
    question,
  );
  return { proxy: caller.proxy.id, ...explanation, unknown: [...explanation.unknown, ...late] };
}

function isSettled({ state }: ProxyStream): boolean {
  return state.complete && state.settled();
}
