import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createMeshCompiler } from "../mesh/compile/compiler.ts";
import { registry } from "../mesh/compile/testing/registry.ts";
import { Trials } from "../mesh/control/trial.ts";
import { parseTrialQuery } from "../mesh/control/trial-query.ts";
import type { Proxy } from "../mesh/resource.ts";
import type { KubeObject } from "../objects/meta.ts";
import { putInForce, readDocuments } from "../render/golden/put-in-force.ts";
import { RenderedCluster } from "../render/rendered-cluster.ts";
import { changedObjects } from "../release/changed-objects.ts";
import { behaviourOf, type Behaviour } from "./behaviour.ts";
import { behaviourDiff } from "./behaviour-diff.ts";

const trust = { trustDomain: "quipu.local" };
const app = (name: string, more: string, segment = "shop", ports = "[{ name: http, port: 8080 }]") => `
apiVersion: quipu.dev/v1
kind: App
metadata: { name: ${name} }
spec:
  team: shop
  segment: ${segment}
  workload: { image: "registry.example/app:1", ports: ${ports} }
${more.trim() === "" ? "" : `  ${more.trim()}\n`}---`;

interface Ground {
  catalog?: string;
  web?: string;
  search?: string;
  bank?: string;
}
/** Requests that a golden text tells of; `UPDATE_GOLDEN=1` writes it anew. Four apps: web and search call catalog, bank (of another segment) may be called by web. */
const declared = ({
  catalog = "",
  web = "calls: [{ app: catalog }]",
  search = "calls: [{ app: catalog }]",
  bank = "",
}: Ground) =>
  [
    app("catalog", catalog),
    app("web", web),
    app("search", search),
    app("bank", bank, "money", "[{ name: http, port: 8080 }, { name: tcp, port: 7000 }]"),
    "apiVersion: quipu.dev/v1\nkind: TokenIssuer\nmetadata: { name: customers }\nspec: { issuer: https://id.example, jwks: '{\"keys\":[]}' }\n---",
    "apiVersion: quipu.dev/v1\nkind: Cluster\nmetadata: { name: co-1 }\nspec: { region: co }\n",
  ].join("\n");

const names = ["catalog", "web", "search", "bank"];
const place = { cluster: "co-1", network: "co-1", locality: { region: "co", zone: "" } };
const pods = names.map((name, index): { proxy: Proxy; objects: KubeObject[] } => {
  const ip = `127.253.${index + 1}.1`;
  const namespace = name === "bank" ? "money" : "shop";
  const labels = { app: name, "quipu.dev/revision": "r1", "security.istio.io/tlsMode": "istio" };
  const metadata = { name: `${name}-1`, namespace, labels };
  return {
    proxy: {
      ...place,
      id: name,
      role: "sidecar",
      ip,
      namespace,
      name: `${name}-1`,
      labels,
      serviceAccount: name,
      metadata: {
        QUIPU_PROXY: `${ip}:15001`,
        QUIPU_APP_PORTS: { 8080: 20_001, 7000: 20_002 },
        QUIPU_CALLEES: {},
      },
    },
    objects: [
      { apiVersion: "v1", kind: "Pod", metadata, spec: { serviceAccountName: name }, status: { podIP: ip } },
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        ports: [
          { name: "http", port: 8080 },
          { name: "http-80", port: 8080 },
          { name: "tcp", port: 7000 },
        ],
        endpoints: [{ addresses: [ip], targetRef: { kind: "Pod", name: `${name}-1`, namespace } }],
      } as KubeObject,
    ],
  };
});
const gateway: Proxy = {
  ...place,
  id: "gateway",
  role: "router",
  ip: "127.253.99.1",
  namespace: "istio-system",
  name: "gateway",
  labels: { istio: "ingressgateway" },
  serviceAccount: "istio-ingressgateway",
  metadata: {},
};
const baseline: KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "istio-ingressgateway", namespace: "istio-system" },
    spec: { selector: { istio: "ingressgateway" }, ports: [{ name: "http2", port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "ratelimit", namespace: "quipu-system" },
    spec: { ports: [{ name: "grpc-ratelimit", port: 8081 }] },
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "ratelimit", namespace: "quipu-system", labels: { "kubernetes.io/service-name": "ratelimit" } },
    addressType: "IPv4",
    ports: [{ name: "grpc-ratelimit", port: 8081 }],
    endpoints: [{ addresses: ["127.253.0.1"] }],
  } as KubeObject,
];

async function behaviour(of: string, was: Ground, is: Ground, without: string[] = []): Promise<Behaviour> {
  const [before, after] = [was, is].map((ground) => putInForce(readDocuments(declared(ground)))) as [
    ReturnType<typeof putInForce>,
    ReturnType<typeof putInForce>,
  ];
  const rendered = [...new RenderedCluster("co-1", before, trust).objects.values()].map(({ object }) => object);
  const trials = new Trials({
    newCompiler: () =>
      createMeshCompiler({
        registry,
        ...trust,
        onError: (error) => {
          throw error;
        },
      }),
    objects: () => [...baseline, ...rendered, ...pods.flatMap(({ objects }) => objects)],
    proxies: () =>
      [gateway, ...pods.map(({ proxy }) => proxy)]
        .filter(({ id }) => !without.includes(id))
        .map((proxy) => ({ proxy })),
    ...trust,
    pause: async () => undefined,
  });
  return behaviourOf(
    { app: of, cluster: "co-1", before, after, ...changedObjects("co-1", before, after, trust) },
    async (_, body) => ({ status: 200, body: await trials.run(parseTrialQuery(JSON.stringify(body))) }),
  );
}

const pool = (maxRequests: number) => `traffic: { perCaller: { connectionPool: { maxRequests: ${maxRequests} } } }`;
const limit = (requests: number, more = "") =>
  `traffic: { rateLimits: [{ requests: ${requests}, unit: second${more} }] }`;
const cases: Record<string, [app: string, before: Ground, after: Ground]> = {
  nothing: ["catalog", {}, {}],
  "a shorter timeout": ["catalog", { catalog: "traffic: { timeout: 3s }" }, { catalog: "traffic: { timeout: 300ms }" }],
  "a timeout where there was none": [
    "catalog",
    { catalog: "traffic: { timeout: 0s }" },
    { catalog: "traffic: { timeout: 1s }" },
  ],
  "a caller's own timeout": ["web", {}, { web: "calls: [{ app: catalog, timeout: 20s }]" }],
  "a call that is declared no more": ["web", {}, { web: "calls: []" }],
  "a call that is declared now": ["search", { search: "calls: []" }, {}],
  "a rule that gets narrower": [
    "web",
    { web: "calls: [{ app: catalog, methods: [GET, POST], paths: [/items, /items/*] }]" },
    { web: "calls: [{ app: catalog, methods: [GET], paths: [/items] }]" },
  ],
  "retries switched off": [
    "catalog",
    { catalog: "traffic: { retries: { attempts: 2, retryOn: [5xx, connect-failure] } }" },
    { catalog: "traffic: { retries: { attempts: 0 } }" },
  ],
  "fewer retries": [
    "catalog",
    { catalog: "traffic: { retries: { attempts: 3, retryOn: [5xx] } }" },
    { catalog: "traffic: { retries: { attempts: 1, retryOn: [5xx] } }" },
  ],
  "a smaller pool": ["catalog", { catalog: pool(100) }, { catalog: pool(10) }],
  "a pool at the replica": ["catalog", {}, { catalog: "traffic: { inbound: { connectionPool: { maxRequests: 5 } } }" }],
  "a lower limit of each replica": [
    "catalog",
    { catalog: limit(100, ", scope: instance") },
    { catalog: limit(10, ", scope: instance") },
  ],
  "a higher limit of all replicas": ["catalog", { catalog: limit(10) }, { catalog: limit(100) }],
  "a new limit for some": ["catalog", {}, { catalog: limit(20, ", per: { header: x-user }, match: { path: /pay* }") }],
  "a limit that fails closed": ["catalog", { catalog: limit(10) }, { catalog: limit(10, ", failOpen: false") }],
  "a fault": [
    "catalog",
    {},
    { catalog: "traffic: { faults: [{ match: { path: /old }, percent: 25, abort: { status: 410 } }] }" },
  ],
  "consent across segments, by HTTP and TCP": [
    "bank",
    { web: "calls: [{ app: catalog }, { app: bank }]" },
    { web: "calls: [{ app: catalog }, { app: bank }]", bank: "access: { callers: [{ app: web }] }" },
  ],
  exposed: ["catalog", {}, { catalog: "expose: [{ host: shop.example, path: /catalog }]" }],
  "exposed, now with a token": [
    "catalog",
    { catalog: "expose: [{ host: shop.example, path: /catalog }]" },
    { catalog: "expose: [{ host: shop.example, path: /catalog, jwt: customers }]" },
  ],
  "a host outside": ["web", {}, { web: "calls: [{ app: catalog }, { host: api.example.com, port: 443 }]" }],
};

test("what ends otherwise, as people read it", async () => {
  let text = "";
  for (const [name, [of, before, after]] of Object.entries(cases)) {
    const { differences, unknown } = await behaviour(of, before, after);
    text += `# ${name}\n`;
    for (const { caller, callee, request, before: was, after: is, kind } of differences)
      text += `${kind}: ${caller} → ${callee}, ${request}\n    ${was}\n  → ${is}\n`;
    for (const words of unknown) text += `unknown: ${words}\n`;
    text += "\n";
  }
  const path = new URL("./golden/behaviour.txt", import.meta.url);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, "utf8"));
});

test("who has no ready replica is named, once", async () => {
  const { differences, unknown } = await behaviour(
    "catalog",
    { catalog: "traffic: { timeout: 3s }" },
    { catalog: "traffic: { timeout: 300ms }" },
    ["search"],
  );
  expect(differences.map(({ caller }) => caller)).toEqual(["web"]);
  expect(unknown).toEqual(["search → catalog: nothing can be told before both have a ready replica in co-1"]);
});

test("a mesh that doesn't answer, or refuses, is no difference: it is said", async () => {
  const before = putInForce(readDocuments(declared({})));
  const after = putInForce(readDocuments(declared({ web: "calls: []" })));
  const change = { app: "web", cluster: "co-1", before, after, ...changedObjects("co-1", before, after, trust) };
  expect(change.put.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
    expect.arrayContaining(["Sidecar web", "AuthorizationPolicy catalog"]),
  );
  expect(await behaviourOf(change, undefined)).toEqual({
    differences: [],
    unknown: ["The mesh of co-1 doesn't answer"],
  });
  expect(await behaviourOf(change, async () => ({ status: 503, body: { detail: "9 trials are waiting" } }))).toEqual({
    differences: [],
    unknown: ["The mesh of co-1 says: 9 trials are waiting"],
  });
});

test("most harmful first; a share of the requests counts; who answers alike makes no difference", () => {
  const outcome = (status: number, more: object = {}) => ({ status, by: "the app of b.one", ...more });
  const told = (...ways: [number, ReturnType<typeof outcome>][]) => ({
    outcome: ways[0]![1],
    alternatives: ways.map(([chance, way]) => ({ chance, outcome: way })),
    unknown: [],
  });
  const question = { from: { namespace: "one", serviceAccount: "a" }, url: "http://b.one/", method: "GET" };
  const asked = (base: string, about: "access" | "timeout" = "access") => ({
    caller: "a",
    callee: "b",
    base,
    request: base,
    about,
    before: question,
    after: question,
  });
  const ok = told([1, outcome(200)]);
  const denied = told([1, outcome(403, { by: "b.one", rule: "no rule matches" })]);
  const late = told([1, outcome(504, { by: "a.one", flag: "UT", rule: "route default" })]);
  const elsewhere = (host: string, subset = "r1") =>
    told([1, outcome(200, { cluster: `outbound|80|${subset}|${host}` })]);
  const compared = [
    { asked: asked("GET /better", "timeout"), before: late, after: ok },
    { asked: asked("GET /open"), before: denied, after: ok },
    { asked: asked("GET /moved"), before: elsewhere("b"), after: elsewhere("c") },
    { asked: asked("GET /late", "timeout"), before: ok, after: late },
    { asked: asked("GET /shut"), before: ok, after: denied },
    {
      asked: asked("GET /some"),
      before: ok,
      after: told([0.9, outcome(200)], [0.1, outcome(500, { by: "a.one", flag: "FI" })]),
    },
    { asked: asked("GET /new-revision"), before: elsewhere("b", "r1"), after: elsewhere("b", "r2") },
    {
      asked: asked("GET /named"),
      before: late,
      after: told([1, outcome(504, { by: "a.one", flag: "UT", rule: "route caller-a" })]),
    },
  ];
  expect(behaviourDiff(compared).map(({ request, kind, after }) => [request, kind, after])).toEqual([
    ["GET /shut", "allowed→denied", "403 denied by b.one, no rule matches"],
    ["GET /late", "timeout", "504 timeout by a.one, route default"],
    ["GET /some", "other", "200 (90 %) or 500 fault on purpose by a.one (10 %)"],
    ["GET /moved", "route", "200"],
    ["GET /open", "denied→allowed", "200"],
    ["GET /better", "timeout", "200"],
  ]);
});
