import { describe, expect, it } from "vitest";
import { credentialProblem } from "./credential-problem.ts";

const server = "https://127.0.0.1:1";
const now = Date.parse("2026-06-01T00:00:00Z");

describe("a token", () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
  it.each([
    ["expired", jwt({ exp: now / 1000 - 60 }), "the kubeconfig's token has expired, on 2026-05-31T23:59:00.000Z"],
    ["good", jwt({ exp: now / 1000 + 60 }), undefined],
    ["without an end", jwt({}), undefined],
    ["opaque", "s3cret", undefined],
  ])("%s", (_, token, problem) => {
    expect(credentialProblem({ server, token }, now)).toBe(problem);
  });
});

it("a certificate that can't be read, and no credentials at all", () => {
  expect(credentialProblem({ server, cert: "nonsense" }, now)).toMatch(/can't be read/);
  expect(credentialProblem({ server }, now)).toBeUndefined();
});
