import { readFileSync } from "node:fs";

/** `clusters/NAME/cluster.json`. Paths are absolute. */
export interface ClusterConfig {
  fleet: string;
  /** The cluster's own folder. */
  home: string;
  runDir: string;
  name: string;
  region: string;
  zone: string;
  /** `127.17` */
  network: string;
  apiPort: number;
  /** PEM files. */
  tls: { key: string; cert: string; ca: string };
  /** Files. */
  adminToken: string;
  saSigningKey: string;
  portRange: [number, number];
  xdsSocket: string;
  artifactsUrl: string;
  artifactsToken: string;
  trustDomain: string;
  hollow?: boolean;
  /** Images `file:/folder` are run where they are: for tests. */
  localImages?: boolean;
}

const texts = [
  "fleet",
  "home",
  "runDir",
  "name",
  "region",
  "zone",
  "network",
  "adminToken",
  "saSigningKey",
  "xdsSocket",
  "artifactsUrl",
  "artifactsToken",
  "trustDomain",
] as const;

/** Throws an Error that names the file and the field. */
export function readClusterConfig(path: string): ClusterConfig {
  const config = JSON.parse(readFileSync(path, "utf8")) as ClusterConfig;
  const refuse = (field: string, accepted: string): never => {
    throw new Error(
      `${path}: ${field} is ${JSON.stringify((config as unknown as Record<string, unknown>)[field])}; accepted: ${accepted}`,
    );
  };
  for (const field of texts) if (typeof config[field] !== "string" || config[field] === "") refuse(field, "a text");
  if (!/^127\.\d{1,3}$/.test(config.network)) refuse("network", "127.N");
  if (!Number.isInteger(config.apiPort)) refuse("apiPort", "a port number");
  const [from, to] = Array.isArray(config.portRange) ? config.portRange : [];
  if (!Number.isInteger(from) || !Number.isInteger(to) || (from ?? 0) > (to ?? 0)) refuse("portRange", "[from, to]");
  for (const file of ["key", "cert", "ca"] as const)
    if (typeof config.tls?.[file] !== "string") refuse("tls", "{key, cert, ca}: files");
  return config;
}
