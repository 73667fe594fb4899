import type { RequestMatch } from "../model/parts.ts";
import type { Rule } from "../model/rows.ts";
import type { BehaviourHost, EdgeSide } from "./behaviour-edges.ts";

/** A request that stands for all of its kind. */
export interface Sample {
  method: string;
  path: string;
  headers?: Record<string, string>;
  /** Of what the headers don't show to people. */
  words?: string;
}

/** Of one edge; rules beyond that are like them. */
const mostSamples = 16;
const undeclared = "/quipu-undeclared";

/** What is asked for on an edge: GET /, each declared method and path, what no rule declares, and what may be timed: the first that is allowed, and what a caller's overrides are for. */
export function samplesOf(
  before: EdgeSide | undefined,
  after: EdgeSide | undefined,
): { access: Sample[]; timed: Sample[] } {
  const sides = [after, before];
  const rules = sides.flatMap((side) => side?.rules ?? []);
  const narrowed = sides.flatMap((side) => (side?.overrides?.match === undefined ? [] : [side.overrides.match]));
  const matches = changedFaults(before, after).map(ofMatch);
  const declared = [...rules, ...narrowed].flatMap(ofRule);
  const restricted = rules.some(({ methods, paths }) => methods !== undefined || paths !== undefined);
  const first = declared[0] ?? { method: "GET", path: "/" };
  const known = new Set(rules.flatMap(({ methods }) => methods ?? []));
  const otherMethod = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"].find((method) => !known.has(method));
  return {
    access: distinct([
      { method: "GET", path: "/" },
      ...declared,
      ...matches,
      ...(restricted ? [{ method: "GET", path: undeclared }] : []),
      ...(known.size > 0 && otherMethod !== undefined ? [{ method: otherMethod, path: first.path }] : []),
    ]).slice(0, mostSamples),
    timed: distinct([first, ...narrowed.flatMap((rule) => ofRule(rule).slice(0, 1))]),
  };
}

/** On a host of the gateway, at a path and below it; without a token and, where one is wanted, with it. */
export function hostSamples(path: string, before: BehaviourHost["before"], after: BehaviourHost["after"]): Sample[] {
  const plain = [path, `${path.replace(/\/$/, "")}/1`].map((each) => ({ method: "GET", path: each }));
  const issuers = [before, after].flatMap((side) => {
    const issuer = side?.jwt === undefined ? undefined : side.traffic?.issuers[side.jwt];
    return issuer === undefined ? [] : [{ name: side!.jwt!, ...issuer }];
  });
  return distinct([
    ...plain,
    ...issuers.map(({ name, issuer, audiences }) => ({
      method: "GET",
      path,
      headers: { authorization: `Bearer ${token(issuer, audiences)}` },
      words: `a token of ${name}`,
    })),
  ]);
}

export function ofMatch({ path, method, headers }: RequestMatch): Sample {
  return { method: method ?? "GET", path: pathLike(path ?? "/"), ...(headers !== undefined && { headers }) };
}

function ofRule({ methods, paths }: Rule): Sample[] {
  return (methods ?? ["GET"]).flatMap((method) => (paths ?? ["/"]).map((path) => ({ method, path: pathLike(path) })));
}

/** `/orders/*` → `/orders/1`; `*.png` → `/1.png`. */
export function pathLike(pattern: string): string {
  if (pattern === "*" || pattern === "/*") return "/";
  const path = pattern.startsWith("*") ? `/1${pattern.slice(1)}` : pattern;
  return path.replace(/\*$/, "1");
}

/** `GET /items with x-user: ana`. `at`: what stands before the path. */
export function sampleWords({ method, path, headers = {}, words }: Sample, at: string): string {
  const said =
    words ??
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join(", ");
  return `${method} ${at}${path}${said === "" ? "" : ` with ${said}`}`;
}

function changedFaults(before: EdgeSide | undefined, after: EdgeSide | undefined): RequestMatch[] {
  const [was, is] = [before?.traffic?.faults ?? [], after?.traffic?.faults ?? []];
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  return [...was, ...is].flatMap(({ match }) => (match === undefined ? [] : [match]));
}

/** Its signature is stated to be right. */
function token(issuer: string, audiences: readonly string[]): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: issuer, sub: "somebody", ...(audiences.length > 0 && { aud: audiences[0] }) };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.x`;
}

function distinct(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [sampleWords(sample, ""), sample])).values()];
}
