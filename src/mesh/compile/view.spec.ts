import { describe, expect, it } from "vitest";
import type { Proxy } from "../resource.ts";
import { proxyAddresses, viewOf } from "./view.ts";

const proxy: Proxy = {
  id: "a",
  role: "sidecar",
  ip: "127.9.1.1",
  namespace: "ns",
  name: "a-1",
  labels: { b: "2", a: "1", "pod-template-hash": "x" },
  serviceAccount: "a",
  cluster: "",
  network: "",
  locality: { region: "r", zone: "z" },
  metadata: {},
};

describe("a view", () => {
  it("is the same for replicas, whatever the order of labels", () => {
    expect(
      viewOf({ ...proxy, id: "b", ip: "127.9.2.1", name: "a-2", labels: { a: "1", b: "2", "pod-template-hash": "x" } })
        .id,
    ).toBe(viewOf(proxy).id);
  });
  it.each<Partial<Proxy>>([
    { namespace: "other" },
    { role: "router" },
    { labels: { a: "1" } },
    { locality: { region: "r", zone: "y" } },
  ])("is another one with %j", (changes) => {
    expect(viewOf({ ...proxy, ...changes }).id).not.toBe(viewOf(proxy).id);
  });
});

describe("a proxy's addresses", () => {
  it("come from the node's metadata, as objects or as JSON text", () => {
    for (const metadata of [
      { QUIPU_PROXY: "127.9.1.1:15001", QUIPU_APP_PORTS: { 8080: 20_001 }, QUIPU_CALLEES: { "a.b": "127.9.1.2" } },
      { QUIPU_PROXY: "127.9.1.1:15001", QUIPU_APP_PORTS: '{"8080":20001}', QUIPU_CALLEES: '{"a.b":"127.9.1.2"}' },
    ])
      expect(proxyAddresses({ ...proxy, metadata })).toEqual({
        proxy: { address: "127.9.1.1", port: 15_001 },
        appPorts: new Map([[8080, 20_001]]),
        callees: new Map([["a.b", "127.9.1.2"]]),
      });
  });
  it("leave out what makes no sense", () => {
    expect(
      proxyAddresses({
        ...proxy,
        metadata: { QUIPU_PROXY: "nowhere", QUIPU_APP_PORTS: { x: 1, 80: 70_000 }, QUIPU_CALLEES: "{" },
      }),
    ).toEqual({ proxy: undefined, appPorts: new Map(), callees: new Map() });
  });
});
