import { expect, test } from "vitest";
import { normalizePath } from "./http-message.ts";

test.each([
  ["/a/b", "/a/b"],
  ["/a/../b", "/b"],
  ["/a/./b", "/a/b"],
  ["/a/b/..", "/a/"],
  ["/../x", "/x"],
  ["/a//b", "/a//b"],
  ["/%61dmin", "/admin"],
  ["/a%2Fb", "/a%2Fb"],
  ["/a\\b", "/a/b"],
  ["/a/../b?x=/../y", "/b?x=/../y"],
  ["*", "*"],
])("%s is %s", (path, normal) => {
  expect(normalizePath(path)).toBe(normal);
});
