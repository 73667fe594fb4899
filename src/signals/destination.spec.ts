import { expect, test } from "vitest";
import { destinationOf } from "./destination.ts";

test.each([
  ["outbound|80|r3|catalog.food.svc.cluster.local", { app: "catalog", segment: "food", port: 80, revision: "r3" }],
  [
    "outbound|7000||tracking.logistics.svc.cluster.local",
    { app: "tracking", segment: "logistics", port: 7000, revision: null },
  ],
  ["outbound|443||api.stripe.com", { app: "api.stripe.com", segment: null, port: 443, revision: null }],
  ["outbound|8081||ratelimit.quipu-system.svc.cluster.local", undefined],
  ["inbound|8080||", undefined],
  ["xds", undefined],
])("%s", (cluster, destination) => {
  expect(destinationOf(cluster)).toEqual(destination);
});
