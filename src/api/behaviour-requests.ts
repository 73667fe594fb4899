import type { TrafficPart } from "../model/parts.ts";
import { isHttp } from "../model/protocol.ts";
import type { BehaviourEdge, BehaviourHost, BehaviourOutside } from "./behaviour-edges.ts";
import { limitRequests, poolRequests, retryRequests, timeoutRequests, type Variant } from "./behaviour-changes.ts";
import { hostSamples, samplesOf, sampleWords, type Sample } from "./behaviour-samples.ts";

/** A question as a mesh process takes it. */
export interface Question {
  from: { namespace: string; serviceAccount: string };
  url: string;
  method: string;
  via?: "gateway";
  headers?: Record<string, string>;
  stated?: Record<string, unknown>;
}

/** One request to compare. What is stated may differ: of a limit of 5, fewer tokens are left than of one of 9. */
export interface Asked {
  caller: string;
  callee: string;
  /** `GET /items`, however slowly it is answered. */
  base: string;
  /** `GET /items, answered after 700 ms`. */
  request: string;
  about: "access" | Variant["about"];
  before: Question;
  after: Question;
}

/** Where a gateway's client is served (ARCHITECTURE.md, "Names that several rooms share"). */
const ingress = { namespace: "istio-system", serviceAccount: "istio-ingressgateway" };
/** HTTP ports of one app that are asked for, at most. */
const mostPorts = 3;

/** The requests that tell an edge's behaviour: access to what is declared and what isn't, and whatever its changed rules decide. */
export function edgeRequests({ caller, callee, ports, before, after }: BehaviourEdge): Asked[] {
  const from = { namespace: caller.segment, serviceAccount: caller.app };
  const http = ports.filter(({ protocol }) => isHttp(protocol)).slice(0, mostPorts);
  const samples = samplesOf(before, after);
  return [
    ...http.flatMap(({ port, protocol }, index) => {
      const at = index === 0 ? "" : `:${port}`;
      const ask = asker(caller.app, callee.app, from, `http://${callee.app}.${callee.segment}${at}`, at);
      const grpc = protocol === "grpc";
      return [
        ...(index === 0 ? samples.access : [{ method: "GET", path: "/" }]).map((sample) => ask(sample)),
        ...samples.timed.flatMap((sample) =>
          [
            ...timeoutRequests(before, after, grpc),
            ...retryRequests(before, after),
            ...poolRequests(before?.traffic, after?.traffic),
          ].map((variant) => ask(sample, variant)),
        ),
        ...limitRequests(before?.traffic, after?.traffic, samples.timed[0]!).map(({ sample, ...variant }) =>
          ask(sample, variant),
        ),
      ];
    }),
    ...ports
      .filter(({ protocol }) => protocol === "tcp")
      .map(({ port }): Asked => {
        const question = { from, url: `tcp://${callee.app}.${callee.segment}:${port}`, method: "GET" };
        const request = `TCP :${port}`;
        return {
          caller: caller.app,
          callee: callee.app,
          base: request,
          request,
          about: "access",
          before: question,
          after: question,
        };
      }),
  ];
}

/** Requests of clients outside of the mesh. */
export function hostRequests({ app, host, path, before, after }: BehaviourHost): Asked[] {
  const scheme = (after ?? before)?.tls === undefined ? "http" : "https";
  const origin = `${scheme}://${host}`;
  const asks = asker("gateway", app, ingress, origin, origin);
  const ask = (sample: Sample, variant?: Variant) => {
    const asked = asks(sample, variant);
    return {
      ...asked,
      before: { ...asked.before, via: "gateway" as const },
      after: { ...asked.after, via: "gateway" as const },
    };
  };
  const samples = hostSamples(path, before, after);
  const sides: [{ traffic: TrafficPart | undefined }?, { traffic: TrafficPart | undefined }?] = [before, after];
  const traffic = (side: (typeof sides)[0]) =>
    side === undefined ? undefined : { rules: [], traffic: side.traffic, overrides: undefined };
  const [was, is] = [traffic(before), traffic(after)];
  return [
    ...samples.map((sample) => ask(sample)),
    ...[...timeoutRequests(was, is, false), ...retryRequests(was, is)].map((variant) => ask(samples.at(-1)!, variant)),
  ];
}

export function outsideRequests({ app, segment, outside: { host, port, protocol } }: BehaviourOutside): Asked {
  const scheme = protocol === "tls" ? "https" : protocol === "tcp" ? "tcp" : "http";
  const question = {
    from: { namespace: segment, serviceAccount: app },
    url: `${scheme}://${host}:${port}${scheme === "tcp" ? "" : "/"}`,
    method: "GET",
  };
  const request = scheme === "tcp" ? `TCP :${port}` : `GET ${scheme}://${host}:${port}/`;
  return { caller: app, callee: host, base: request, request, about: "access", before: question, after: question };
}

function asker(caller: string, callee: string, from: Question["from"], origin: string, at: string) {
  return (sample: Sample, variant?: Variant): Asked => {
    const { method, path, headers } = sample;
    const base = sampleWords(sample, at);
    const question = (stated: Record<string, unknown> | undefined): Question => ({
      from,
      url: `${origin}${path}`,
      method,
      ...(headers !== undefined && { headers }),
      ...(stated !== undefined && { stated }),
    });
    return {
      caller,
      callee,
      base,
      request: variant === undefined ? base : `${base}, ${variant.words}`,
      about: variant?.about ?? "access",
      before: question(variant?.before),
      after: question(variant?.after),
    };
  };
}
