import { expect, test } from "vitest";
import type { KubeObject } from "../../objects/meta.ts";
import { createMeshCompiler } from "../compile/compiler.ts";
import { readCase } from "../compile/testing/golden-case.ts";
import { registry } from "../compile/testing/registry.ts";
import type { Explanation } from "../explain/explanation.ts";
import { explainQuery } from "./explain-query.ts";
import { Trials, TrialsBusy } from "./trial.ts";
import type { TrialQuery } from "./trial-query.ts";

const { objects, proxies, compiler } = readCase(new URL("../compile/golden/effects/", import.meta.url));

function trials(connected = proxies, pause: () => Promise<unknown> = async () => undefined): Trials {
  return new Trials({
    newCompiler: () => createMeshCompiler({ registry, trustDomain: "quipu.local" }),
    objects: () => objects,
    proxies: () => connected.map((proxy) => ({ proxy })),
    trustDomain: "quipu.local",
    pause,
  });
}
const web = { namespace: "shop", serviceAccount: "web" };
const gateway = { namespace: "istio-system", serviceAccount: "istio-ingressgateway" };
const asked = (url: string, more: object = {}) => explainQuery({ from: web, url, ...more });
const found = (kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name)!;
const query = (questions: TrialQuery["questions"], put: KubeObject[] = [], remove: TrialQuery["remove"] = []) => ({
  put,
  remove,
  questions,
});
const status = (explanation: Explanation | null | undefined) =>
  explanation === null || explanation === undefined
    ? explanation
    : `${explanation.outcome.status} ${explanation.outcome.flag ?? ""}`.trim();
async function outcomes(given: TrialQuery, connected = proxies) {
  const { answers } = await trials(connected).run(given);
  return answers.map(({ before, after }) => [status(before), status(after)]);
}

test("a longer timeout, as it is and as it would be; the running compiler knows nothing of it", async () => {
  const rules = found("VirtualService", "api");
  const longer = JSON.parse(JSON.stringify(rules).replaceAll('"0.2s"', '"0.9s"')) as KubeObject;
  expect(longer).not.toEqual(rules);
  const slow = { stated: { answers: [{ status: 200, delayMs: 600 }] } };
  const encodings = JSON.stringify(compiler.stats.encodings);
  expect(await outcomes(query([asked("http://api.shop/slow", slow), asked("http://api.shop/slow")], [longer]))).toEqual(
    [
      ["504 UT", "200"],
      ["200", "200"],
    ],
  );
  expect(JSON.stringify(compiler.stats.encodings)).toBe(encodings);
});

test("what is removed is gone", async () => {
  const remove = [{ kind: "Service", namespace: "shop", name: "steady" }];
  expect(await outcomes(query([asked("http://steady.shop/")], [], remove))).toEqual([["200", "502"]]);
});

test("pods of a subset to come are stood in for by those that are there", async () => {
  const subset = (name: string): KubeObject[] => [
    {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: "steady", namespace: "shop" },
      spec: { host: "steady.shop.svc.cluster.local", subsets: [{ name, labels: { "quipu.dev/revision": name } }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "steady", namespace: "shop" },
      spec: {
        hosts: ["steady.shop.svc.cluster.local"],
        http: [{ route: [{ destination: { host: "steady.shop.svc.cluster.local", subset: name } }] }],
      },
    },
  ];
  const { answers } = await trials().run(query([asked("http://steady.shop/")], subset("r2")));
  expect(answers[0]!.after!.outcome).toMatchObject({
    status: 200,
    by: "the app of api.shop",
    cluster: "outbound|80|r2|steady.shop.svc.cluster.local",
  });
  expect(answers[0]!.after!.alternatives).toHaveLength(1);
});

test("a TCP call that wasn't declared when the pods began", async () => {
  const scope = found("Sidecar", "default");
  const narrower = { ...scope, spec: { ...(scope.spec as object), egress: [{ hosts: ["shop/*"] }] } };
  const bare = proxies.map((proxy) =>
    proxy.id === "web" ? { ...proxy, metadata: { ...proxy.metadata, QUIPU_CALLEES: {} } } : proxy,
  );
  expect(await outcomes(query([asked("tcp://ledger.money:5432")], [narrower]), bare)).toEqual([["200", "0 UF"]]);
});

test("a gateway's client", async () => {
  const text = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const authorization = `Bearer ${text({ alg: "HS256", kid: "1" })}.${text({ iss: "https://issuer.example", sub: "ana", aud: "shop" })}.x`;
  const ask = (url: string, headers = {}) => explainQuery({ from: gateway, url, via: "gateway", headers });
  const remove = [{ kind: "VirtualService", namespace: "istio-system", name: "shop.example" }];
  expect(
    await outcomes(
      query(
        [
          ask("http://shop.example/api"),
          ask("https://shop.example/api"),
          ask("https://shop.example/api", { authorization }),
          ask("https://other.example/"),
        ],
        [],
        remove,
      ),
    ),
  ).toEqual([
    ["301", "404 NR"],
    ["403", "404 NR"],
    ["200", "404 NR"],
    ["0 UC", "0 UC"],
  ]);
});

test("nothing is told of a caller, or a callee, without a connected proxy", async () => {
  const without = (...ids: string[]) => proxies.filter(({ id }) => !ids.includes(id));
  const question = query([asked("http://api.shop/"), asked("http://nobody.shop/")]);
  expect(await outcomes(question, without("web"))).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(await outcomes(question, without("api-1", "api-2"))).toEqual([
    [null, null],
    ["502", "502"],
  ]);
  expect(await outcomes(question, without("api-1"))).toEqual([
    ["200", "200"],
    ["502", "502"],
  ]);
});

test("one at a time, with pauses; too many are sent away; who has gone isn't worked for", async () => {
  const questions = query([asked("http://api.shop/")]);
  let pauses = 0;
  let atOnce = 0;
  const busy = trials(proxies, async () => {
    pauses++;
    expect(++atOnce).toBe(1);
    await new Promise(setImmediate);
    atOnce--;
  });
  const all = Array.from({ length: 9 }, () => busy.run(questions));
  await expect(busy.run(questions)).rejects.toThrow(TrialsBusy);
  await Promise.all(all);
  expect(pauses).toBeGreaterThan(9 * 3);
  const gone = new AbortController();
  const left = busy.run(questions, gone.signal);
  gone.abort(new Error("gone"));
  await expect(left).rejects.toThrow("gone");
  expect((await busy.run(questions)).answers).toHaveLength(1);
});
