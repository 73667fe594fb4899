import { ClusterLoadAssignmentSchema } from "#gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Resource } from "../resource.ts";
import { sameVersion } from "./cluster.ts";
import { effectivePolicy, type DestinationRules } from "./destination-rule.ts";
import { loadAssignment } from "./load-assignment.ts";
import type { Mesh } from "./mesh.ts";
import { outboundCluster } from "./names.ts";
import type { Services } from "./service.ts";
import { instanceKey, type Workloads } from "./workload.ts";

/** What the endpoints of a cluster are a function of. */
export interface EndpointsKey {
  /** `namespace/host`. */
  service: string;
  port: number;
  subset: string;
  /** As DestinationRules.keyFor gives it. */
  rule: string;
  region: string;
  zone: string;
}

/** The path of endpoints: from EndpointSlices and pods to a load assignment, touching neither routes nor clusters. */
export function endpoints(mesh: Mesh, services: Services, workloads: Workloads, rules: DestinationRules) {
  const { graph, encoder } = mesh;

  /** A key that says no more than it must: where locality doesn't count, all localities share. */
  const assignment = graph.family<EndpointsKey & { failover: boolean; labels: string }, Resource | undefined>(
    "endpoints",
    (key) => {
      const service = services.byId(key.service);
      const port = service?.ports.find((entry) => entry.number === key.port);
      if (service === undefined || port === undefined || service.resolution !== "EDS") return undefined;
      const name = outboundCluster(key.port, key.subset, service.host);
      const message = loadAssignment(name, workloads.instances(instanceKey(service, port)), {
        labels: JSON.parse(key.labels) as Record<string, string>,
        failoverFrom: key.failover ? { region: key.region, zone: key.zone } : undefined,
      });
      return encoder.resource("endpoints", ClusterLoadAssignmentSchema, name, message);
    },
    {
      id: (key) =>
        `${key.service}|${key.port}|${key.subset}|${key.labels}|${key.failover ? `${key.region}/${key.zone}` : ""}`,
      equal: sameVersion,
      fallback: { value: undefined },
    },
  );

  return (key: EndpointsKey): Resource | undefined => {
    const rule = rules.rule(key.rule);
    const subset = rule.subsets.find((entry) => entry.name === key.subset);
    if (key.subset !== "" && subset === undefined) return undefined;
    const policy = effectivePolicy(rule, key.subset, key.port);
    // Locality failover only with outlier detection (Istio, "Locality Load Balancing").
    const failover = policy.outlierDetection !== undefined && policy.loadBalancer?.localityLbSetting?.enabled !== false;
    return assignment({ ...key, failover, labels: JSON.stringify(subset?.labels ?? {}) });
  };
}
export type Endpoints = ReturnType<typeof endpoints>;
