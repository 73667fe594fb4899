import { expect, test } from "vitest";
import { parseExplainQuery } from "./explain-query.ts";

const from = { namespace: "money", serviceAccount: "checkout" };
const parse = (body: object) => parseExplainQuery(JSON.stringify({ from, url: "http://orders.money/", ...body }));

test("what isn't given has its default", () => {
  expect(parse({})).toEqual({
    from,
    question: {
      method: "GET",
      url: "http://orders.money/",
      headers: {},
      via: "proxy",
      stated: {
        answers: [{ status: 200, delayMs: 0 }],
        tokens: {},
        rateLimitService: true,
        tokenValid: true,
        caller: { requests: 0, connections: 0, pending: 0, retries: 0 },
        callee: { requests: 0, connections: 0, pending: 0, retries: 0 },
      },
    },
  });
});

test("headers are known by their names in lower case", () => {
  expect(parse({ headers: { "X-User": "ana" } }).question.headers).toEqual({ "x-user": "ana" });
});

test.each([
  [{ from: { namespace: "money" } }, "from.serviceAccount"],
  [{ url: "orders" }, "url"],
  [{ via: "air" }, "via"],
  [{ verb: "GET" }, "verb"],
  [{ direct: { address: "127.0.0.1" } }, "direct.port"],
  [{ stated: { answers: [] } }, "stated.answers"],
  [{ stated: { answers: [{ status: 99 }] } }, "stated.answers[0].status"],
  [{ stated: { caller: { request: 1 } } }, "stated.caller.request"],
  [{ stated: { tokens: { "0": "all" } } }, "stated.tokens.0"],
  [{ headers: { a: 1 } }, "headers.a"],
])("%j is refused by field", (body, field) => {
  expect(() => parse(body)).toThrow(expect.objectContaining({ code: "mesh/bad-query", field }) as Error);
});
