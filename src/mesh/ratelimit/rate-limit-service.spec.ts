import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import {
  RateLimitRequestSchema,
  RateLimitResponse_Code,
  RateLimitResponseSchema,
} from "#gen/envoy/service/ratelimit/v3/rls_pb.ts";
import type { RateLimitResponse } from "#gen/envoy/service/ratelimit/v3/rls_pb.ts";
import { Registry } from "prom-client";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ConfigMap } from "../../objects/core.ts";
import { GrpcServer } from "../xds/grpc-server.ts";
import { RateLimitService, shouldRateLimitMethod } from "./rate-limit-service.ts";

let now = Date.UTC(2030, 0, 1);
let service: RateLimitService;
let server: GrpcServer;
let client: Client;
beforeEach(async () => {
  service = new RateLimitService({ now: () => now, metrics: new Registry() });
  server = new GrpcServer({ methods: { [shouldRateLimitMethod]: service.method } });
  client = new Client(`127.0.0.1:${await server.listen({ host: "127.0.0.1", port: 0 })}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await server.close(100);
});

function configMap(name: string, config: string): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "money", name, labels: { "quipu.dev/ratelimit": "true" } },
    data: { "config.yaml": config },
  };
}
/** Descriptors as `key=value key=value`. */
function ask(domain: string, ...descriptors: string[]): Promise<RateLimitResponse> {
  const request = create(RateLimitRequestSchema, {
    domain,
    descriptors: descriptors.map((words) => ({
      entries: words.split(" ").map((word) => ({ key: word.split("=")[0]!, value: word.split("=")[1]! })),
    })),
  });
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      shouldRateLimitMethod,
      (bytes: Buffer) => bytes,
      (bytes) => fromBinary(RateLimitResponseSchema, bytes),
      Buffer.from(toBinary(RateLimitRequestSchema, request)),
      (error, answer) => (error ? reject(error) : resolve(answer!)),
    );
  });
}

test("over gRPC: allowed until the limit, then refused with headers that say when to come back", async () => {
  service.putConfig(
    configMap(
      "checkout",
      "domain: money\ndescriptors: [{ key: app, value: checkout, rate_limit: { unit: minute, requests_per_unit: 2 } }, { key: user, rate_limit: { unit: second, requests_per_unit: 100 } }]",
    ),
  );
  const first = await ask("money", "app=checkout", "user=ana", "none=1");
  expect(first.overallCode).toBe(RateLimitResponse_Code.OK);
  expect(
    first.statuses.map(({ currentLimit, limitRemaining }) => [currentLimit?.requestsPerUnit, limitRemaining]),
  ).toEqual([
    [2, 1],
    [100, 99],
    [undefined, 0],
  ]);
  await ask("money", "app=checkout");
  now += 1500;
  const third = await ask("money", "app=checkout");
  expect(third.overallCode).toBe(RateLimitResponse_Code.OVER_LIMIT);
  expect(Object.fromEntries(third.responseHeadersToAdd.map(({ key, value }) => [key, value]))).toEqual({
    "X-RateLimit-Limit": "2",
    "X-RateLimit-Remaining": "0",
    "X-RateLimit-Reset": "59",
  });
  expect((await ask("other", "app=checkout")).overallCode).toBe(RateLimitResponse_Code.OK);
});

test("several ConfigMaps share a domain; a broken one keeps what it said; a removed one says nothing", async () => {
  const limited = async (descriptor: string) =>
    (await ask("money", descriptor)).statuses[0]!.currentLimit?.requestsPerUnit;
  expect(
    service.putConfig(
      configMap("b", "domain: money\ndescriptors: [{ key: a, rate_limit: { unit: day, requests_per_unit: 2 } }]"),
    ),
  ).toBeUndefined();
  service.putConfig(
    configMap(
      "a",
      "domain: money\ndescriptors: [{ key: a, value: x, rate_limit: { unit: day, requests_per_unit: 1 } }]",
    ),
  );
  expect([await limited("a=x"), await limited("a=y")]).toEqual([1, 2]);
  expect(service.putConfig(configMap("b", "domain: money\ndescriptors: 7"))).toMatchObject({
    code: "ratelimit/bad-config",
    field: "descriptors",
  });
  expect(await limited("a=y")).toBe(2);
  service.removeConfig("money", "b");
  expect(await limited("a=y")).toBeUndefined();
  expect(service.describe()).toMatchObject({ configs: [{ configMap: "money/a", domain: "money" }] });
});

test("a request that makes no sense is refused", async () => {
  await expect(ask("", "a=b")).rejects.toThrow(/domain/);
  await expect(ask("money")).rejects.toThrow(/descriptor/);
});
