import { expect, test } from "vitest";
import { checkExposure, parseListen } from "./mesh-address.ts";

test.each([
  ["127.0.0.1:15010", { host: "127.0.0.1", port: 15010, loopback: true }],
  ["localhost:0", { host: "localhost", port: 0, loopback: true }],
  ["[::1]:15010", { host: "::1", port: 15010, loopback: true }],
  ["0.0.0.0:15012", { host: "0.0.0.0", port: 15012, loopback: false }],
  ["[::]:15012", { host: "::", port: 15012, loopback: false }],
])("%s is an address", (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});

test.each(["15010", ":15010", "127.0.0.1", "127.0.0.1:70000", "mesh.example:15010", "::1:15010", "[1.2.3.4]:1"])(
  "%s is none",
  (text) => {
    expect(() => parseListen(text)).toThrow(/not of the form ADDRESS:PORT/);
  },
);

test("beyond this machine tokens want TLS, and a node that proves nothing isn't believed at all", () => {
  for (const tls of [true, false])
    for (const identity of ["token", "node"] as const)
      expect(() => checkExposure({ loopback: true, tls, identity })).not.toThrow();
  expect(() => checkExposure({ loopback: false, tls: true, identity: "token" })).not.toThrow();
  expect(() => checkExposure({ loopback: false, tls: false, identity: "token" })).toThrow(/could read the tokens/);
  expect(() => checkExposure({ loopback: false, tls: true, identity: "node" })).toThrow(/believes whoever connects/);
});
