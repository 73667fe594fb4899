import { join } from "node:path";
import { type ClusterEntry, type FleetFile, runFolder } from "./home.ts";
import { networkOf, portRangeOf } from "./block.ts";

/** Where a cluster's own files lie in the home folder. */
export function clusterFolder(home: string, name: string): string {
  return join(home, "clusters", name);
}

export function apiServerUrl(fleet: FleetFile): string {
  return `http://${fleet.host}:${fleet.port}`;
}

/** `cluster.json`, read by the cluster process. */
export function clusterConfig(home: string, fleet: FleetFile, entry: ClusterEntry) {
  const folder = clusterFolder(home, entry.name);
  return {
    fleet: fleet.id,
    home: folder,
    runDir: runFolder(fleet.id),
    name: entry.name,
    region: entry.region,
    zone: entry.zone,
    network: networkOf(fleet.block, entry.index),
    apiPort: 6443,
    tls: { key: join(folder, "tls/server.key"), cert: join(folder, "tls/server.crt"), ca: join(folder, "tls/ca.crt") },
    adminToken: join(folder, "admin.token"),
    saSigningKey: join(folder, "sa-signing.key"),
    portRange: portRangeOf(fleet.block, entry.index),
    xdsSocket: join(runFolder(fleet.id), `${entry.name}.xds`),
    artifactsUrl: `${apiServerUrl(fleet)}/api/v1/artifacts`,
    artifactsToken: join(home, "artifacts.token"),
    trustDomain: fleet.trustDomain,
    hollow: entry.hollow === true,
  };
}

/** `mesh.json`, read by the mesh process. */
export function meshConfig(home: string, fleet: FleetFile, entry: ClusterEntry) {
  const network = networkOf(fleet.block, entry.index);
  return {
    fleet: fleet.id,
    cluster: entry.name,
    network,
    kubeconfig: join(clusterFolder(home, entry.name), "kubeconfig"),
    xdsSocket: join(runFolder(fleet.id), `${entry.name}.xds`),
    controlSocket: join(runFolder(fleet.id), `${entry.name}.mesh`),
    rateLimit: { host: `${network}.0.1`, port: 8081 },
    trust: join(clusterFolder(home, entry.name), "trust"),
    trustDomain: fleet.trustDomain,
    runDir: runFolder(fleet.id),
    hollow: entry.hollow === true,
  };
}

/** `server.json`, read by the server process. */
export function serverConfig(home: string, fleet: FleetFile) {
  return {
    fleet: fleet.id,
    home,
    runDir: runFolder(fleet.id),
    host: fleet.host,
    port: fleet.port,
    trustDomain: fleet.trustDomain,
    ...(fleet.database !== undefined && { database: fleet.database }),
    adminTokenFile: join(home, "admin.token"),
    artifactsTokenFile: join(home, "artifacts.token"),
    clusters: fleet.clusters.map((entry) => ({
      name: entry.name,
      region: entry.region,
      zone: entry.zone,
      labels: entry.labels,
      network: networkOf(fleet.block, entry.index),
      kubeconfig: join(clusterFolder(home, entry.name), "kubeconfig"),
      meshControlSocket: join(runFolder(fleet.id), `${entry.name}.mesh`),
    })),
  };
}
