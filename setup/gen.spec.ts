import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { ClusterSchema, Cluster_DiscoveryType } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { HttpProtocolOptionsSchema } from "#gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";

const set = readFileSync(new URL("../gen/envoy.binpb", import.meta.url));

describe("generated Envoy types", () => {
  const cluster = create(ClusterSchema, {
    name: "outbound|80||catalog.food.svc.cluster.local",
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
    connectTimeout: { seconds: 1n, nanos: 500_000_000 },
    typedExtensionProtocolOptions: { http: anyPack(HttpProtocolOptionsSchema, create(HttpProtocolOptionsSchema)) },
  });

  it("survive encoding and decoding", () => {
    expect(fromBinary(ClusterSchema, toBinary(ClusterSchema, cluster))).toEqual(cluster);
  });

  it("have Envoy's JSON form", () => {
    expect(toJson(ClusterSchema, create(ClusterSchema, { connectTimeout: cluster.connectTimeout }))).toEqual({
      connectTimeout: "1.500s",
    });
  });
});

describe("the descriptor set", () => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, set));

  it("knows the whole API, by its JSON names", () => {
    const schema = registry.getMessage("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit");
    if (!schema) throw new Error("LocalRateLimit is not in the set");
    const message = fromJson(schema, { statPrefix: "limit", tokenBucket: { maxTokens: 5, fillInterval: "1s" } });
    expect(toJson(schema, message)).toMatchObject({ tokenBucket: { maxTokens: 5 } });
  });

  it("packs well-known types inside Any", () => {
    const schema = registry.getMessage("envoy.config.core.v3.TypedExtensionConfig");
    if (!schema) throw new Error("TypedExtensionConfig is not in the set");
    const json = { name: "x", typedConfig: { "@type": "type.googleapis.com/google.protobuf.StringValue", value: "v" } };
    expect(toJson(schema, fromJson(schema, json, { registry }), { registry })).toEqual(json);
  });
});
