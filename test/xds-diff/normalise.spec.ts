import { expect, test } from "vitest";
import { normalised } from "./normalise.ts";

const any = { any: true };
const web = { authenticated: { principalName: { exact: "web" } } };
const api = { authenticated: { principalName: { exact: "api" } } };

test("nested and's and or's of one, and an and's any, are nothing of their own", () => {
  expect(
    normalised({
      permissions: [{ andRules: { rules: [any] } }],
      principals: [{ andIds: { ids: [{ orIds: { ids: [web] } }] } }],
    }),
  ).toEqual({ permissions: [any], principals: [web] });
  expect(normalised({ andRules: { rules: [any, { orRules: { rules: [{ destinationPort: 1 }] } }] } })).toEqual({
    destinationPort: 1,
  });
});

test("what must hold isn't left away: two stay two, an or's any stays, a not stays", () => {
  expect(normalised({ andIds: { ids: [web, api] } })).toEqual(normalised({ andIds: { ids: [api, web] } }));
  expect(normalised({ andIds: { ids: [web, api] } })).not.toEqual(normalised({ orIds: { ids: [api, web] } }));
  expect(normalised({ orIds: { ids: [any, web] } })).toEqual({ orIds: { ids: [any, web] } });
  expect(normalised({ principals: [{ notId: web }] })).toEqual({ principals: [{ notId: web }] });
});

test("alternatives of a policy, said one by one or in an or", () => {
  expect(normalised({ principals: [{ orIds: { ids: [web, api] } }] })).toEqual(normalised({ principals: [api, web] }));
});

test("metadata and names in certificates, said in the old way or the new one", () => {
  const matcher = { filter: "jwt", value: { stringMatch: { exact: "a" } } };
  expect(normalised({ sourcedMetadata: { metadataMatcher: matcher } })).toEqual({ metadata: matcher });
  expect(normalised({ matchTypedSubjectAltNames: [{ sanType: "URI", matcher: { exact: "spiffe://a" } }] })).toEqual({
    matchSubjectAltNames: [{ exact: "spiffe://a" }],
  });
});

test("a policy that fits nothing isn't there; one that does stays", () => {
  const nothing = { permissions: [{ notRule: any }], principals: [{ notId: any }] };
  const something = { permissions: [any], principals: [web] };
  expect(normalised({ rules: { policies: { none: nothing } } })).toEqual({ rules: {} });
  expect(normalised({ rules: { policies: { none: nothing, some: something } } })).toEqual({
    rules: { policies: { some: something } },
  });
});
