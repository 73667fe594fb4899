import { expect, test } from "vitest";
import { impersonationHeaders } from "./impersonation-headers.ts";

test("user, uid, groups and extra fields travel as headers, names escaped", () => {
  expect(impersonationHeaders(undefined)).toEqual({});
  expect(
    impersonationHeaders({
      user: "ana",
      uid: "u1",
      groups: ["a", "b"],
      extra: { "acme.com/project": ["x"], "50%": ["y", "z"], ñ: ["w"] },
    }),
  ).toEqual({
    "impersonate-user": "ana",
    "impersonate-uid": "u1",
    "impersonate-group": ["a", "b"],
    "impersonate-extra-acme.com%2Fproject": ["x"],
    "impersonate-extra-50%25": ["y", "z"],
    "impersonate-extra-%C3%B1": ["w"],
  });
});
