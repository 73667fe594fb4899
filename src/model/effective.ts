import { AppSpec, type App } from "./app.ts";
import { clusterLabels, type Cluster } from "./cluster.ts";
import { defaultHttpTimeout, defaultPorts, fleetDefaults } from "./defaults.ts";
import type { JsonSchema } from "./json-schema.ts";
import { layer, type Layer, type Provenance } from "./layers.ts";
import { policiesFor } from "./policies.ts";
import type { Policy } from "./policy.ts";
import { protocolOf } from "./protocol.ts";
import type { Segment } from "./segment.ts";
import { selects } from "./selector.ts";

/** What an App's values can come from, beside itself. */
export interface Surroundings {
  /** Undefined while the segment doesn't exist yet. */
  segment?: Segment | undefined;
  policies: readonly Policy[];
  /** Undefined: the fleet at large, without overrides. */
  cluster?: Cluster | undefined;
}

/** An App's spec with nothing left out, in its own words, and where each value came from. */
export interface Effective {
  spec: AppSpec;
  provenance: Provenance;
}

/** Lays over each other: fleet's defaults < segment < Policies (most specific last) < the App < its overrides for the cluster. */
export function effectiveSpec(app: App, { segment, policies, cluster }: Surroundings): Effective {
  const { overrides = [], ...own } = app.spec;
  const ports = own.workload?.ports ?? defaultPorts;
  const http = ports.some((port) => ["http", "http2"].includes(protocolOf(port)));
  const placement = segment?.spec.placement;
  const layers: Layer[] = [
    {
      origin: "default",
      values: {
        ...fleetDefaults,
        workload: { ...fleetDefaults.workload, ports: defaultPorts },
        placement: { spread: "zone" },
        ...(http && { traffic: { timeout: defaultHttpTimeout, ...fleetDefaults.traffic } }),
      },
    },
    {
      origin: `segment ${segment?.metadata.name}`,
      values: { ...segment?.spec.defaults, ...(placement !== undefined && { placement }) },
    },
    ...policiesFor(app, policies).map((policy) => ({
      origin: `policy ${policy.metadata.name}`,
      values: policy.spec.defaults ?? {},
    })),
    { origin: "app", values: own },
    ...overrides.flatMap(({ clusters, spec }, index) =>
      cluster !== undefined && selects(clusters, clusterLabels(cluster))
        ? [{ origin: `override ${index}`, values: spec }]
        : [],
    ),
  ];
  const { value, provenance } = layer(AppSpec as unknown as JsonSchema, layers);
  return { spec: value as unknown as AppSpec, provenance };
}

/** Names of the clusters where the App runs: its own placement, else its segment's, else all; sorted. */
export function placedIn(app: App, segment: Segment | undefined, clusters: readonly Cluster[]): string[] {
  const selector = app.spec.placement?.clusters ?? segment?.spec.placement?.clusters;
  return clusters
    .filter((cluster) => selects(selector, clusterLabels(cluster)))
    .map(({ metadata }) => metadata.name)
    .toSorted();
}
