import { create } from "@bufbuild/protobuf";
import { Cluster_DiscoveryType, Cluster_LbPolicy, ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import { DnsClusterSchema } from "#gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb.ts";
import { DnsLookupFamily } from "#gen/envoy/extensions/clusters/common/dns/v3/dns_pb.ts";
import type { ConnectionPoolSettings } from "../../objects/istio.ts";
import type { Resource } from "../resource.ts";
import { transportSockets, type TlsMode } from "./cluster-tls.ts";
import { ads } from "./config-source.ts";
import { effectivePolicy, type DestinationRules } from "./destination-rule.ts";
import { duration } from "./duration.ts";
import { any, type Init } from "./encode.ts";
import type { EnvoyFilters } from "./envoy-filter.ts";
import type { PatchContext } from "./patch.ts";
import { httpProtocolOptions } from "./http-protocol.ts";
import { loadAssignment } from "./load-assignment.ts";
import type { Mesh } from "./mesh.ts";
import { blackHoleCluster, outboundCluster, outboundSni } from "./names.ts";
import { addedClusters } from "./patch-cluster.ts";
import { isHttp, isHttp2 } from "./protocol.ts";
import type { MeshPort, MeshService, Services } from "./service.ts";
import { circuitBreakers, connectTimeout, loadBalancing, outlierDetection } from "./traffic-policy.ts";
import { instanceKey, type Workloads } from "./workload.ts";

type ClusterInit = Init<typeof ClusterSchema>;

/** What an outbound cluster is a function of: one per service, port and subset, shared by all clients under the same rules. */
export interface ClusterKey {
  /** `namespace/host`. */
  service: string;
  port: number;
  subset: string;
  /** As DestinationRules.keyFor gives it. */
  rule: string;
  /** As EnvoyFilters.keyFor gives it, for this context. */
  filters: string;
  context: PatchContext;
}

export function clusterKeyId({ service, port, subset, rule, filters, context }: ClusterKey): string {
  return `${service}|${port}|${subset}|${rule}|${filters === "" ? "" : `${context} ${filters}`}`;
}

export function clusters(
  mesh: Mesh,
  services: Services,
  workloads: Workloads,
  rules: DestinationRules,
  envoyFilters: EnvoyFilters,
) {
  const { graph, encoder, settings } = mesh;

  const spiffe = (account: string) => `spiffe://${settings.trustDomain}/ns/${account.replace("/", "/sa/")}`;

  function build(key: ClusterKey, service: MeshService, port: MeshPort): ClusterInit {
    const policy = effectivePolicy(rules.rule(key.rule), key.subset, port.number);
    const endpoints = instanceKey(service, port);
    const mode: TlsMode = policy.tls?.mode ?? (service.external || service.resolution === "NONE" ? "DISABLE" : "auto");
    const inMesh = mode === "ISTIO_MUTUAL" || (mode === "auto" && workloads.allInMesh(endpoints));
    // Sidecars speak HTTP/2 to each other; an endpoint without one gets what its port declares.
    const http2 = isHttp2(port.protocol) || inMesh || policy.connectionPool?.http?.h2UpgradePolicy === "UPGRADE";
    const http = isHttp(port.protocol);
    const identities =
      service.subjectAltNames.length > 0
        ? service.subjectAltNames
        : mode === "auto" || mode === "ISTIO_MUTUAL"
          ? workloads.accounts(endpoints).map(spiffe)
          : [];
    const name = outboundCluster(port.number, key.subset, service.host);
    return {
      name,
      ...discovery(service, name, key, port),
      connectTimeout: connectTimeout(policy.connectionPool),
      circuitBreakers: circuitBreakers(policy.connectionPool, policy.retryBudget),
      ...outlierDetection(policy.outlierDetection),
      ...(service.resolution === "NONE"
        ? { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED }
        : loadBalancing(policy.loadBalancer)),
      ...keepalive(policy.connectionPool),
      ...(http
        ? { typedExtensionProtocolOptions: httpProtocolOptions(http2 ? "http2" : "http1", policy.connectionPool) }
        : {}),
      ...transportSockets({
        mode,
        settings: policy.tls,
        systemRoots: settings.systemRoots,
        identitySource: settings.identitySource,
        http,
        http2,
        identities,
        identityPrefix: `spiffe://${settings.trustDomain}/ns/${service.namespace}/sa/`,
        sni: mode === "SIMPLE" || mode === "MUTUAL" ? service.host : outboundSni(port.number, key.subset, service.host),
      }),
      metadata: {
        filterMetadata: {
          istio: {
            ...(key.rule === "" ? {} : { config: `DestinationRule/${key.rule}` }),
            services: [{ host: service.host, name: service.name, namespace: service.namespace }],
            ...(key.subset === "" ? {} : { subset: key.subset }),
          },
        },
      },
    };
  }

  function discovery(service: MeshService, name: string, key: ClusterKey, port: MeshPort): ClusterInit {
    const type = (value: Cluster_DiscoveryType) => ({ clusterDiscoveryType: { case: "type" as const, value } });
    switch (service.resolution) {
      case "EDS":
        return { ...type(Cluster_DiscoveryType.EDS), edsClusterConfig: { edsConfig: ads(), serviceName: name } };
      case "DNS":
      case "DNS_ROUND_ROBIN": {
        const subset = rules.rule(key.rule).subsets.find((entry) => entry.name === key.subset);
        return {
          ...dnsDiscovery(service.resolution === "DNS_ROUND_ROBIN"),
          loadAssignment: loadAssignment(name, workloads.instances(instanceKey(service, port)), {
            labels: subset?.labels,
          }),
        };
      }
      case "NONE":
        return type(Cluster_DiscoveryType.ORIGINAL_DST);
    }
  }

  return {
    /** Undefined while the service, port or subset doesn't exist. */
    outbound: graph.family<ClusterKey, Resource | undefined>(
      "cluster",
      (key) => {
        const service = services.byId(key.service);
        const port = service?.ports.find((entry) => entry.number === key.port);
        if (service === undefined || port === undefined) return undefined;
        if (key.subset !== "" && !rules.rule(key.rule).subsets.some((entry) => entry.name === key.subset))
          return undefined;
        const name = outboundCluster(key.port, key.subset, service.host);
        const cluster = envoyFilters.cluster(
          key.filters,
          key.context,
          create(ClusterSchema, build(key, service, port)),
          { service: service.host, port: key.port, subset: key.subset },
        );
        return cluster === undefined ? undefined : encoder.resource("cluster", ClusterSchema, name, cluster);
      },
      { id: clusterKeyId, equal: sameVersion, fallback: { value: undefined } },
    ),
    /** Those that EnvoyFilters add. */
    added: graph.family<{ filters: string; context: PatchContext }, readonly Resource[]>(
      "added clusters",
      ({ filters, context }) =>
        addedClusters(envoyFilters.patches(filters, "cluster", context)).map((cluster) =>
          encoder.resource("cluster", ClusterSchema, cluster.name, cluster),
        ),
      { id: ({ filters, context }) => `${context} ${filters}` },
    ),
    /** Where requests go that must fail. */
    blackHole: graph.family<string, Resource>("black hole cluster", () =>
      encoder.resource(
        "cluster",
        ClusterSchema,
        blackHoleCluster,
        create(ClusterSchema, {
          name: blackHoleCluster,
          clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
          connectTimeout: duration("10s"),
        }),
      ),
    ),
  };
}
export type Clusters = ReturnType<typeof clusters>;

export function sameVersion(a: Resource | undefined, b: Resource | undefined): boolean {
  return a?.version === b?.version;
}

/** Endpoints by name; `single`: all addresses count as one endpoint, of which the first is used. */
export function dnsDiscovery(single: boolean) {
  const typedConfig = any(DnsClusterSchema, {
    respectDnsTtl: true,
    dnsLookupFamily: DnsLookupFamily.V4_PREFERRED,
    allAddressesInSingleEndpoint: single,
  });
  return { clusterDiscoveryType: { case: "clusterType" as const, value: { name: "envoy.clusters.dns", typedConfig } } };
}

function keepalive(pool: ConnectionPoolSettings | undefined) {
  const settings = pool?.tcp?.tcpKeepalive;
  if (settings === undefined) return {};
  const seconds = (text: string | undefined) => (text === undefined ? undefined : Number(duration(text).seconds));
  const { probes } = settings;
  return {
    upstreamConnectionOptions: {
      tcpKeepalive: {
        ...(probes === undefined ? {} : { keepaliveProbes: probes }),
        keepaliveTime: seconds(settings.time),
        keepaliveInterval: seconds(settings.interval),
      },
    },
  };
}
