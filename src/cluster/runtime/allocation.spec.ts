import { expect, it } from "vitest";
import type { Pod } from "../../objects/core.ts";
import { allocate, type Allocation, type Places } from "./allocation.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop", uid: "u1" },
  spec: {
    containers: [
      {
        name: "app",
        image: "i",
        ports: [
          { name: "http", containerPort: 8080 },
          { containerPort: 9090 },
          { name: "dns", containerPort: 53, protocol: "UDP" },
        ],
      },
      { name: "istio-proxy", image: "i", ports: [{ name: "http-envoy-prom", containerPort: 15090 }] },
    ],
  },
};
const places = (change: Partial<Places> = {}): Places => ({
  network: "127.17",
  portRange: [20000, 20003],
  others: [],
  last: { index: 0, port: 19999 },
  isFree: async () => true,
  ...change,
});
const other = (index: number, ...ports: number[]): Allocation => ({
  uid: "o",
  namespace: "n",
  name: "o",
  index,
  ip: "",
  ports: ports.map((privatePort) => ({ name: "p", port: 1, privatePort })),
  callees: [],
});

it("gives an index, an address, a private port for each TCP port of the app, and callee addresses", async () => {
  expect(await allocate(pod, "ledger.money", places())).toEqual({
    uid: "u1",
    namespace: "shop",
    name: "web-1",
    index: 1,
    ip: "127.17.1.1",
    ports: [
      { name: "http", port: 8080, privatePort: 20000 },
      { name: "port-9090", port: 9090, privatePort: 20001 },
    ],
    callees: [{ app: "ledger", segment: "money", host: "ledger.money.svc.cluster.local", address: "127.17.1.2" }],
  });
});
it("skips what others have, and ports that somebody listens on, going round", async () => {
  const made = await allocate(
    pod,
    undefined,
    places({ others: [other(1, 20003)], last: { index: 0, port: 20001 }, isFree: async (port) => port !== 20002 }),
  );
  expect([made.index, made.ports.map((port) => port.privatePort)]).toEqual([2, [20000, 20001]]);
});
it("says when there is no room", async () => {
  await expect(allocate(pod, undefined, places({ isFree: async () => false }))).rejects.toMatchObject({
    reason: "OutOfPorts",
    message: "no private port from 20000 to 20003 is free",
  });
  await expect(
    allocate(pod, undefined, places({ others: Array.from({ length: 254 }, (_, index) => other(index + 1)) })),
  ).rejects.toMatchObject({ reason: "OutOfPods" });
});
