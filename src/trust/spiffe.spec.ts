import { expect, test } from "vitest";
import fc from "fast-check";
import { parseSpiffeId, spiffeId } from "./spiffe.ts";

test("an identity reads back as what it was made from", () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9.]{1,30}$/), label, label, (trustDomain, namespace, serviceAccount) => {
      expect(parseSpiffeId(spiffeId(trustDomain, namespace, serviceAccount))).toEqual({
        trustDomain,
        namespace,
        serviceAccount,
      });
    }),
  );
});

test("the form is Istio's", () => {
  expect(spiffeId("quipu.local", "money", "checkout")).toBe("spiffe://quipu.local/ns/money/sa/checkout");
});

test.each([
  "spiffe://quipu.local/ns/money/sa/checkout/extra",
  "spiffe://quipu.local/ns/money/sa/",
  "spiffe://quipu.local/ns/a%2fb/sa/c",
  "spiffe://Quipu.local/ns/a/sa/c",
  "https://quipu.local/ns/a/sa/c",
  "spiffe://quipu.local/sa/c/ns/a",
  "spiffe://quipu.local/ns/a/sa/c\n",
])("%j is refused", (id) => {
  expect(() => parseSpiffeId(id)).toThrowError(expect.objectContaining({ code: "trust/bad-spiffe-id", found: id }));
});

test("a part with a slash can't move into another part", () => {
  expect(() => spiffeId("quipu.local", "money/sa/admin", "x")).toThrowError(
    expect.objectContaining({ code: "trust/bad-spiffe-id" }),
  );
  expect(() => spiffeId("a/ns/b", "money", "x")).toThrowError(
    expect.objectContaining({ code: "trust/bad-trust-domain" }),
  );
});
