import { stringify } from "yaml";
import type { ConfigMap } from "../objects/core.ts";
import { rateLimitDomain } from "./envoy-filter.ts";
import { head, systemNamespace } from "./names.ts";
import { limitDescriptors } from "./rate-limits.ts";
import type { Reader } from "./reader.ts";

const prefix = "ratelimit-";

/** An app's cluster-wide limits for the rate-limit service, in the format of envoyproxy/ratelimit. */
export function rateLimitConfig(namespace: string, name: string, read: Reader): ConfigMap | undefined {
  if (namespace !== systemNamespace || !name.startsWith(prefix)) return undefined;
  const app = name.slice(prefix.length);
  const roster = read.roster(app);
  const lane = read.homeLane(app);
  if (roster === undefined || lane === undefined) return undefined;
  const limits = limitDescriptors(read.part(lane.traffic, "traffic").rateLimits, "cluster");
  if (limits.length === 0) return undefined;
  const config = {
    domain: rateLimitDomain(app, roster.segment),
    descriptors: limits.map(({ index, limit }) => {
      const amount = { rate_limit: { unit: limit.unit, requests_per_unit: limit.requests } };
      return {
        key: "limit",
        value: String(index),
        ...(limit.per === undefined ? amount : { descriptors: [{ key: limit.per.header, ...amount }] }),
      };
    }),
  };
  return {
    ...head("ConfigMap", namespace, name, { app, "quipu.dev/ratelimit": "true" }),
    data: { "config.yaml": stringify(config, { lineWidth: 0 }) },
  };
}
