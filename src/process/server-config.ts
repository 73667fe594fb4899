import { readFileSync } from "node:fs";

/** `server.json`. */
export interface ServerConfig {
  fleet: string;
  /** Folder with the store and the artifacts. */
  home: string;
  runDir: string;
  /** Loopback, until TLS is built. */
  host: string;
  port: number;
  trustDomain: string;
  /** URL of a PostgreSQL database, which may hold its password; absent: SQLite, in the home. */
  database?: string;
  /** Files that hold one token each. */
  adminTokenFile: string;
  artifactsTokenFile: string;
  clusters: {
    name: string;
    region: string;
    zone: string;
    labels: Record<string, string>;
    /** Path. */
    kubeconfig: string;
    meshControlSocket: string;
  }[];
}

const fields = [
  "fleet",
  "home",
  "runDir",
  "host",
  "port",
  "trustDomain",
  "adminTokenFile",
  "artifactsTokenFile",
  "clusters",
] as const;

/** Throws when the file can't be read or lacks a field. */
export function readServerConfig(path: string): ServerConfig {
  const config = JSON.parse(readFileSync(path, "utf8")) as Partial<ServerConfig>;
  for (const field of fields) if (config[field] === undefined) throw new Error(`${path} lacks ${field}`);
  const { host } = config as ServerConfig;
  if (host !== "localhost" && host !== "::1" && !host.startsWith("127."))
    throw new Error(
      `${path}: host is ${host}; accepted: a loopback address, since nothing listens beyond it without TLS`,
    );
  return config as ServerConfig;
}
