import { describe, expect, it } from "vitest";
import { credentialProblem } from "./credential-problem.ts";

const source = "the kubeconfig";
const now = Date.parse("2026-06-01T00:00:00Z");

describe("a token", () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
  it.each([
    ["expired", jwt({ exp: now / 1000 - 60 }), "the kubeconfig's token has expired, on 2026-05-31T23:59:00.000Z"],
    ["early", jwt({ nbf: now / 1000 + 60 }), "the kubeconfig's token isn't valid before 2026-06-01T00:01:00.000Z"],
    [
      "good",
      jwt({ exp: now / 1000 + 60 }),
      expect.stringMatching(/^the API doesn't know the kubeconfig's token: it is wrong/),
    ],
    ["without an end", jwt({}), expect.stringContaining("the API doesn't know")],
    ["opaque", "s3cret", expect.stringContaining("the API doesn't know")],
  ])("%s", (_, token, problem) => {
    expect(credentialProblem({ source, token }, now)).toEqual(problem);
    expect(credentialProblem({ source, token }, now)).not.toContain(token);
  });

  it("that is good by our clock and not by the server's tells of the clocks", () => {
    const token = jwt({ nbf: now / 1000 - 60, exp: now / 1000 + 300 });
    expect(credentialProblem({ source, token }, now, now - 600_000)).toBe(
      "the server's clock is 10 min behind ours (it says 2026-05-31T23:50:00.000Z), and by it the kubeconfig's token isn't valid before 2026-05-31T23:59:00.000Z: set its clock right",
    );
    expect(credentialProblem({ source, token }, now, now + 600_000)).toMatch(/10 min ahead of ours .* has expired/);
    expect(credentialProblem({ source, token: "opaque" }, now, now - 600_000)).toMatch(/doesn't know.*10 min behind/);
    expect(credentialProblem({ source, token: "opaque" }, now, now - 5_000)).not.toContain("clock");
  });
});

it("a certificate that can't be read, and no credentials at all", () => {
  expect(credentialProblem({ source, cert: "nonsense" }, now)).toMatch(/can't be read/);
  expect(credentialProblem({ source }, now)).toBe("the kubeconfig holds neither a token nor a client certificate");
});
