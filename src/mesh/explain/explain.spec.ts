import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { readCase } from "../compile/testing/golden-case.ts";
import { CorsSchema } from "#gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "#gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { unpack } from "./open-proxy.ts";
import { explain } from "./explain.ts";
import { nothingInUse, nothingStated, type Question, type Stated } from "./question.ts";
import { compiledAt, compiledConfig } from "./testing/compiled-config.ts";

interface Asked extends Partial<Omit<Question, "stated">> {
  url: string;
  stated?: Partial<Stated>;
}

/** Questions about a golden case, from the proxy of that id. */
function asker(name: string) {
  const { compiler, proxies } = readCase(new URL(`../compile/golden/${name}/`, import.meta.url));
  const at = compiledAt(compiler, proxies);
  return (from: string, { stated, ...asked }: Asked) =>
    explain(
      compiledConfig(
        compiler,
        proxies.find(({ id }) => id === from)!,
      ),
      at,
      { method: "GET", headers: {}, via: "proxy", ...asked, stated: { ...nothingStated, ...stated } },
    );
}
const answers = (...list: [Stated["answers"][number]["status"], number?][]) => ({
  answers: list.map(([status, delayMs = 0]) => ({ status, delayMs })),
});

describe("the golden case effects", () => {
  const ask = asker("effects");

  test("an answer of the app, step by step", () => {
    const { outcome, steps, alternatives, unknown } = ask("web", { url: "http://api.shop/x" });
    expect(outcome).toMatchObject({
      status: 200,
      by: "the app of api.shop",
      cluster: "outbound|80||api.shop.svc.cluster.local",
    });
    expect(steps.map(({ proxy, what }) => `${proxy} ${what}`)).toEqual([
      "web.shop listener",
      "web.shop route",
      "web.shop cluster",
      "api.shop listener",
      "api.shop route",
      "api.shop authorization",
      "api.shop cluster",
      "api.shop app",
    ]);
    expect(steps[5]).toMatchObject({ rule: "rule 0", object: "AuthorizationPolicy/shop/api" });
    expect(alternatives).toHaveLength(1);
    expect(unknown).toEqual([]);
  });

  test("a timeout", () => {
    expect(ask("web", { url: "http://api.shop/slow", stated: answers([200, 600]) }).outcome).toEqual({
      status: 504,
      flag: "UT",
      by: "web.shop",
      rule: "a route without a name",
      object: "VirtualService/shop/api",
      cluster: "outbound|80||api.shop.svc.cluster.local",
      reason:
        "504: web.shop waits 200 ms for api.shop (VirtualService api.shop, a route without a name); the app was said to take 600 ms",
    });
    expect(ask("web", { url: "http://api.shop/slow", stated: answers([200, 100]) }).outcome.status).toBe(200);
  });

  test("a retry hides one failure, not two", () => {
    expect(ask("web", { url: "http://api.shop/flaky", stated: answers([503], [200]) }).outcome.status).toBe(200);
    expect(ask("web", { url: "http://api.shop/flaky", stated: answers([503], [503], [200]) }).outcome).toMatchObject({
      status: 503,
      flag: "URX",
    });
    expect(ask("web", { url: "http://api.shop/broken", stated: answers([503], [200]) }).outcome.status).toBe(503);
  });

  test("a fault for those who ask for it", () => {
    expect(ask("web", { url: "http://api.shop/", headers: { "x-fault": "abort" } }).outcome).toMatchObject({
      status: 418,
      flag: "FI",
      object: "VirtualService/shop/api",
    });
  });

  test("a full pool", () => {
    const full = { caller: { ...nothingInUse, requests: 1 } };
    expect(ask("web", { url: "http://narrow.shop/", stated: full }).outcome).toMatchObject({
      status: 503,
      flag: "UO",
      by: "web.shop",
      rule: "max_requests",
      object: "DestinationRule/shop/narrow",
    });
    expect(ask("web", { url: "http://narrow.shop/" }).outcome.status).toBe(200);
  });

  test("an instance limit without tokens", () => {
    const headers = { "x-limited": "me" };
    expect(ask("web", { url: "http://narrow.shop/", headers, stated: { tokens: { "0": 0 } } }).outcome).toMatchObject({
      status: 429,
      flag: "RL",
      by: "api.shop",
      rule: "limit=0,x-limited=me",
    });
    expect(
      ask("web", { url: "http://narrow.shop/", headers, stated: { tokens: { "limit=0,x-limited=me": 1 } } }).outcome
        .status,
    ).toBe(200);
    expect(ask("web", { url: "http://narrow.shop/", stated: { tokens: { "*": 0 } } }).outcome.status).toBe(200);
  });

  test("what nobody declared, and who isn't allowed", () => {
    expect(ask("web", { url: "http://nobody.shop/" }).outcome).toMatchObject({
      status: 502,
      by: "web.shop",
      rule: "route block_all",
    });
    expect(ask("ledger", { url: "http://api.shop/" }).outcome).toMatchObject({
      status: 403,
      by: "api.shop",
      rule: "no rule matches",
    });
    expect(ask("web", { url: "http://api.shop/", direct: { address: "127.252.2.1", port: 8080 } }).outcome.status).toBe(
      200,
    );
    expect(
      ask("ledger", { url: "http://api.shop/", direct: { address: "127.252.2.1", port: 8080 } }).outcome.status,
    ).toBe(403);
  });

  test("a CONNECT ends where the same rules hold", () => {
    expect(
      ask("web", { url: "http://api.shop/slow", via: "connect", stated: answers([200, 600]) }).outcome.status,
    ).toBe(504);
    expect(ask("web", { url: "http://nobody.shop/", via: "connect" }).outcome.status).toBe(502);
  });

  test("TCP through the address that stands for the callee, under its policy", () => {
    expect(ask("web", { url: "tcp://ledger.money:5432" }).outcome).toMatchObject({
      status: 200,
      by: "the app of ledger.money",
    });
    expect(ask("api-1", { url: "tcp://ledger.money:5432" }).outcome).toMatchObject({
      status: 0,
      by: "ledger.money",
      rule: "no rule matches",
    });
    expect(ask("web", { url: "tcp://ledger.money:9999" }).outcome).toMatchObject({ status: 0, by: "web.shop" });
  });
});

describe("the golden case traffic", () => {
  const ask = asker("traffic");
  const ways = (asked: Asked, from = "web") =>
    ask(from, asked).alternatives.map(({ chance, outcome: { status, flag, cluster } }) => [
      Number(chance.toFixed(6)),
      status,
      flag ?? "",
      cluster?.split("|")[2] ?? "",
    ]);

  test("weights make alternatives with their chances", () => {
    expect(ways({ url: "http://catalog.food/" })).toEqual([
      [0.95, 200, "", "r1"],
      [0.05, 200, "", "r2"],
    ]);
    expect(ways({ url: "http://catalog.food/slow" }, "search")).toEqual([[1, 200, "", "r1"]]);
  });

  test("so do percentages of faults", () => {
    expect(ways({ url: "http://catalog.food/", headers: { "x-chaos": "yes" } })).toEqual([
      [0.999, 200, "", "r1"],
      [0.001, 503, "FI", ""],
    ]);
  });

  test("a try that takes too long is tried again", () => {
    expect(ways({ url: "http://catalog.food/", stated: answers([200, 400], [200]) })).toEqual([
      [0.95, 200, "", "r1"],
      [0.05, 200, "", "r2"],
    ]);
    expect(ways({ url: "http://catalog.food/", stated: answers([200, 400]) })).toEqual([
      [0.95, 504, "UT", "r1"],
      [0.05, 504, "UT", "r2"],
    ]);
  });

  test("no retry when their budget is used up", () => {
    const stated = { ...answers([503], [200]), caller: { ...nothingInUse, requests: 10, retries: 3 } };
    expect(ask("web", { url: "http://catalog.food/", stated }).outcome).toMatchObject({ status: 503, flag: "UO" });
    expect(
      ask("web", { url: "http://catalog.food/", stated: { ...stated, caller: { ...stated.caller, requests: 40 } } })
        .outcome.status,
    ).toBe(200);
  });

  test("no endpoint, no answer", () => {
    expect(ask("web", { url: "http://sessions.food/" }).outcome).toMatchObject({
      status: 503,
      flag: "UH",
      object: "DestinationRule/food/sessions",
    });
  });
});

test("two empty configurations of different kinds aren't mistaken for each other", () => {
  const empty = new Uint8Array();
  const of = (schema: { typeName: string }) =>
    create(AnySchema, { typeUrl: `type.googleapis.com/${schema.typeName}`, value: empty });
  expect(unpack(CorsSchema, of(CorsSchema))?.$typeName).toBe(CorsSchema.typeName);
  expect(unpack(HTTPFaultSchema, of(HTTPFaultSchema))?.$typeName).toBe(HTTPFaultSchema.typeName);
});
