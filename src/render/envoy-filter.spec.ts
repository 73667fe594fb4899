import { readFileSync } from "node:fs";
import { create, fromJson, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { VirtualHostSchema } from "#gen/envoy/config/route/v3/route_components_pb.ts";
import { LocalRateLimitSchema } from "#gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import { RateLimitSchema } from "#gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import type { EnvoyFilter } from "../objects/istio.ts";

const filters: Record<string, DescMessage> = {
  "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit": LocalRateLimitSchema,
  "type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit": RateLimitSchema,
};

/** What Istio merges into Envoy's configuration is untyped in an EnvoyFilter: a field that Envoy doesn't have must fail here. */
function patchesOf(name: string): NonNullable<NonNullable<EnvoyFilter["spec"]>["configPatches"]> {
  const documents = parseAllDocuments(readFileSync(new URL(`./golden/${name}/out.yaml`, import.meta.url), "utf8")).map(
    (document) => document.toJS() as EnvoyFilter,
  );
  return documents.find(({ kind }) => kind === "EnvoyFilter")!.spec!.configPatches!;
}

describe.each(["rate-limit-instance", "rate-limit-cluster"])("%s", (name) => {
  test("every patch is made of fields that Envoy has", () => {
    for (const { applyTo, patch } of patchesOf(name)) {
      if (applyTo === "VIRTUAL_HOST") {
        const host = fromJson(VirtualHostSchema, patch.value as JsonValue);
        expect(host.rateLimits.length).toBeGreaterThan(0);
        continue;
      }
      const { "@type": type, ...config } = patch.value!.typed_config as Record<string, JsonValue>;
      const schema = filters[type as string]!;
      expect(fromJson(schema, config)).not.toEqual(create(schema));
    }
  });
});

test("each limit has a descriptor, and its actions make just that", () => {
  const { "@type": _, ...config } = patchesOf("rate-limit-instance")[0]!.patch.value!.typed_config as Record<
    string,
    JsonValue
  >;
  const { rateLimits, descriptors } = fromJson(LocalRateLimitSchema, config);
  expect(
    rateLimits.map(({ actions }) =>
      actions.map(({ actionSpecifier: action }) =>
        action.case === "requestHeaders"
          ? action.value.descriptorKey
          : (action.value as { descriptorKey: string }).descriptorKey,
      ),
    ),
  ).toEqual(descriptors.map(({ entries }) => entries.map(({ key }) => key)));
  expect(
    descriptors.map(({ tokenBucket }) => [tokenBucket!.maxTokens, Number(tokenBucket!.fillInterval!.seconds)]),
  ).toEqual([
    [100, 1],
    [20, 60],
    [5, 3600],
  ]);
});
