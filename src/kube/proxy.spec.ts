import { expect, test } from "vitest";
import { isProxyUrl, proxyFor } from "./proxy.ts";

test("the kubeconfig's proxy counts always, the environment's not for loopback and what NO_PROXY names", () => {
  const env = { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "p:2", NO_PROXY: "" };
  expect(proxyFor("https://127.0.0.1:1", "socks5://s:1", env)).toBe("socks5://s:1");
  expect(proxyFor("https://a.example", undefined, env)).toBe("http://p:1");
  expect(proxyFor("http://a.example", undefined, env)).toBe("http://p:2");
  expect(proxyFor("https://a.example", undefined, { https_proxy: "q:3" })).toBe("http://q:3");
  expect(proxyFor("https://a.example", undefined, {})).toBeUndefined();
  for (const server of ["https://127.9.0.1:6443", "https://[::1]:6443", "https://localhost:6443"])
    expect(proxyFor(server, undefined, env)).toBeUndefined();
});

test.each([
  ["*", true],
  ["a.example", true],
  ["example", true],
  [".example", true],
  ["*.example", true],
  [".a.example", false],
  ["b.example", false],
  ["xa.example", false],
  ["a.example:6443", true],
  ["a.example:443", false],
  [" other , A.Example ", true],
])("NO_PROXY=%s", (list, excepted) => {
  const found = proxyFor("https://a.example:6443", undefined, { HTTPS_PROXY: "http://p:1", NO_PROXY: list });
  expect(found === undefined).toBe(excepted);
});

test.each([
  ["https://10.1.2.3:6443", "10.0.0.0/8", true],
  ["https://10.1.2.3:6443", "11.0.0.0/8", false],
  ["https://10.1.2.3:6443", "10.1.2.3", true],
  ["https://10.1.2.3:6443", "10.1.2.3:6443", true],
  ["https://10.1.2.3:6443", "2.3", false],
  ["https://10.1.2.3:6443", "10.0.0.0/99", false],
  ["https://[fd00::1]:6443", "fd00::/16", true],
  ["https://[fd00::1]:6443", "fd00::1", true],
  ["https://[fd00::1]:6443", "[fd00::1]:6443", true],
  ["https://a.example", "10.0.0.0/8", false],
])("%s with NO_PROXY=%s", (server, list, excepted) => {
  const found = proxyFor(server, undefined, { HTTPS_PROXY: "http://p:1", no_proxy: list });
  expect(found === undefined).toBe(excepted);
});

test("schemes", () => {
  expect(["http://p", "https://p:1", "socks5://u:p@h:1", "socks4://h", "ftp://h", "h:1"].map(isProxyUrl)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
