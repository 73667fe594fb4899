import { create, fromJson, toBinary } from "@bufbuild/protobuf";
import { NodeSchema } from "#gen/envoy/config/core/v3/base_pb.ts";
import { DeltaDiscoveryRequestSchema } from "#gen/envoy/service/discovery/v3/discovery_pb.ts";
import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { decodeDeltaRequest, deltaRequest, encodeDeltaRequest } from "./delta-request.ts";

const json = {
  node: {
    id: "sidecar~127.17.3.1~checkout-1.money~money.svc.cluster.local",
    cluster: "checkout.money",
    userAgentName: "envoy",
    userAgentVersion: "1.40.0",
    metadata: { LABELS: { app: "checkout" }, QUIPU_APP_PORTS: { "8080": 20012 }, flag: true, list: [1, null, "x"] },
    locality: { region: "south", zone: "a", subZone: "b" },
  },
  typeUrl: "t",
  resourceNamesSubscribe: ["a", "b"],
  resourceNamesUnsubscribe: ["c"],
  initialResourceVersions: { a: "1", d: "" },
  responseNonce: "7",
  errorDetail: { code: 13, message: "no für you" },
};

test("reads what protobuf-es writes, fields it doesn't know included", () => {
  expect(
    decodeDeltaRequest(toBinary(DeltaDiscoveryRequestSchema, fromJson(DeltaDiscoveryRequestSchema, json))),
  ).toEqual({
    node: {
      id: json.node.id,
      cluster: "checkout.money",
      metadata: json.node.metadata,
      locality: { region: "south", zone: "a" },
    },
    typeUrl: "t",
    subscribe: ["a", "b"],
    unsubscribe: ["c"],
    initialVersions: new Map([
      ["a", "1"],
      ["d", ""],
    ]),
    nonce: "7",
    error: "no für you",
  });
});

test("a bare acknowledgement", () => {
  const request = create(DeltaDiscoveryRequestSchema, { typeUrl: "t", responseNonce: "7" });
  expect(decodeDeltaRequest(toBinary(DeltaDiscoveryRequestSchema, request))).toEqual(deltaRequest("t", { nonce: "7" }));
});

test("writes what protobuf-es reads", () => {
  const node = toBinary(NodeSchema, create(NodeSchema, { id: "x" }));
  const bytes = encodeDeltaRequest(
    deltaRequest("t", {
      subscribe: ["a"],
      unsubscribe: ["b"],
      initialVersions: new Map([["a", "1"]]),
      nonce: "3",
      error: "bad",
    }),
  );
  expect(fromBinary(DeltaDiscoveryRequestSchema, bytes)).toMatchObject({
    typeUrl: "t",
    resourceNamesSubscribe: ["a"],
    resourceNamesUnsubscribe: ["b"],
    initialResourceVersions: { a: "1" },
    responseNonce: "3",
    errorDetail: { message: "bad" },
  });
  expect(fromBinary(DeltaDiscoveryRequestSchema, encodeDeltaRequest(deltaRequest("t"), node)).node?.id).toBe("x");
});

test("bytes that are no message are refused", () => {
  expect(() => decodeDeltaRequest(Uint8Array.from([0x12, 0xff]))).toThrow();
});
