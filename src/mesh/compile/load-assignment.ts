import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ClusterLoadAssignmentSchema, type ClusterLoadAssignment } from "#gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { LbEndpointSchema } from "#gen/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Instance, Locality } from "./workload.ts";

export interface AssignmentOptions {
  /** The subset's labels: instances without them are left out. */
  labels?: Record<string, string> | undefined;
  /** Locality failover from here (priorities by distance); absent: all localities are equal. */
  failoverFrom?: { region: string; zone: string } | undefined;
}

/** The endpoints of a cluster, by locality, in an order that depends on nothing but them. */
export function loadAssignment(
  clusterName: string,
  instances: readonly Instance[],
  { labels, failoverFrom }: AssignmentOptions,
): ClusterLoadAssignment {
  const localities = new Map<string, { locality: Locality; members: Instance[] }>();
  for (const instance of instances) {
    if (!matchesLabels(labels, instance.labels) || instance.weight === 0) continue;
    const key = localityName(instance.locality);
    const group = localities.get(key);
    if (group === undefined) localities.set(key, { locality: instance.locality, members: [instance] });
    else group.members.push(instance);
  }
  const groups = [...localities.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const distances = groups.map(({ locality }) => (failoverFrom === undefined ? 0 : distance(failoverFrom, locality)));
  // Envoy wants priorities without gaps.
  const present = [...new Set(distances)].sort((a, b) => a - b);
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: groups.map(({ locality, members }, index) => ({
      locality: { region: locality.region, zone: locality.zone, subZone: locality.subzone },
      lbEndpoints: members.map(lbEndpoint),
      loadBalancingWeight: members.reduce((sum, member) => sum + member.weight, 0),
      priority: present.indexOf(distances[index]!),
    })),
  });
}

function lbEndpoint({ address, port, weight, inMesh }: Instance): MessageInitShape<typeof LbEndpointSchema> {
  return {
    hostIdentifier: {
      case: "endpoint",
      value: {
        address: {
          address: { case: "socketAddress", value: { address, portSpecifier: { case: "portValue", value: port } } },
        },
      },
    },
    loadBalancingWeight: weight,
    ...(inMesh ? { metadata: { filterMetadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } } } : {}),
  };
}

function distance(from: { region: string; zone: string }, to: Locality): number {
  if (from.region !== to.region) return 2;
  return from.zone === to.zone ? 0 : 1;
}

function localityName({ region, zone, subzone }: Locality): string {
  return `${region}/${zone}/${subzone}`;
}
