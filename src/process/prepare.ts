import { X509Certificate, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { kubeconfigFor } from "../kube/kubeconfig.ts";
import { type Intermediate, openIntermediate } from "../trust/intermediate.ts";
import { type Root, createRoot, openRoot } from "../trust/root.ts";
import { networkOf } from "./block.ts";
import { apiServerUrl, clusterConfig, clusterFolder, meshConfig, serverConfig } from "./configs.ts";
import { writePrivate } from "../trust/private-file.ts";
import { type ClusterEntry, type FleetFile, runFolder } from "./home.ts";

const day = 86_400_000;

/**
 * Everything that the processes of a fleet read: trust, certificates, tokens, kubeconfigs and their configuration
 * files. What is there stays; what is missing or about to expire is made; configuration is written anew each time,
 * since it follows from `fleet.json`.
 */
export async function prepare(home: string, fleet: FleetFile, now: number): Promise<void> {
  mkdirSync(runFolder(fleet.id), { recursive: true, mode: 0o700 });
  mkdirSync(join(home, "logs"), { recursive: true, mode: 0o700 });
  token(join(home, "admin.token"));
  token(join(home, "artifacts.token"));
  const root = existsSync(join(home, "trust/root.json"))
    ? await openRoot(join(home, "trust"))
    : await newRoot(join(home, "trust"), fleet, now);
  for (const entry of fleet.clusters) await prepareCluster(home, fleet, entry, root, now);
  writeJson(join(home, "server.json"), serverConfig(home, fleet));
  writeJson(join(home, "client.json"), {
    server: apiServerUrl(fleet),
    token: readFileSync(join(home, "admin.token"), "utf8").trim(),
  });
}

async function newRoot(dir: string, fleet: FleetFile, now: number): Promise<Root> {
  const root = await createRoot({ trustDomain: fleet.trustDomain, now });
  await root.save(dir);
  return root;
}

async function prepareCluster(
  home: string,
  fleet: FleetFile,
  entry: ClusterEntry,
  root: Root,
  now: number,
): Promise<void> {
  const folder = clusterFolder(home, entry.name);
  const intermediate = await intermediateOf(join(folder, "trust"), root, entry.name, now);
  await serverCertificate(join(folder, "tls"), intermediate, fleet, entry, now);
  const admin = token(join(folder, "admin.token"));
  writePrivate(
    join(folder, "kubeconfig"),
    stringify(
      kubeconfigFor(entry.name, {
        server: `https://${networkOf(fleet.block, entry.index)}.0.1:6443`,
        ca: intermediate.rootPem,
        token: admin,
      }),
      { lineWidth: 0 },
    ),
  );
  writeJson(join(folder, "cluster.json"), clusterConfig(home, fleet, entry));
  writeJson(join(folder, "mesh.json"), meshConfig(home, fleet, entry));
}

async function intermediateOf(dir: string, root: Root, cluster: string, now: number): Promise<Intermediate> {
  if (existsSync(join(dir, "intermediate.json"))) {
    const found = await openIntermediate(dir);
    if (found.expires - now > 60 * day) return found;
  }
  const made = await root.issueIntermediate(cluster, { now });
  await made.save(dir);
  return made;
}

async function serverCertificate(
  dir: string,
  intermediate: Intermediate,
  fleet: FleetFile,
  entry: ClusterEntry,
  now: number,
): Promise<void> {
  const path = join(dir, "server.crt");
  const address = `${networkOf(fleet.block, entry.index)}.0.1`;
  if (existsSync(path)) {
    const found = new X509Certificate(readFileSync(path));
    if (Date.parse(found.validTo) - now > 30 * day && found.checkIP(address) !== undefined) return;
  }
  const issued = await intermediate.issueServer({
    dnsNames: ["kubernetes.default.svc", "localhost"],
    ips: [address],
    now,
  });
  writePrivate(join(dir, "server.key"), issued.keyPem);
  writePrivate(join(dir, "ca.crt"), intermediate.rootPem);
  writePrivate(path, issued.certChainPem);
}

/** Reads the token in the file, or makes one of 256 bits. */
function token(path: string): string {
  if (existsSync(path)) return readFileSync(path, "utf8").trim();
  const made = randomBytes(32).toString("base64url");
  writePrivate(path, `${made}\n`);
  return made;
}

function writeJson(path: string, value: unknown): void {
  writePrivate(path, `${JSON.stringify(value, null, 2)}\n`);
}
