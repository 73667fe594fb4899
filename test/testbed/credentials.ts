/** The authority of one cluster, and the kubeconfigs that it gives to its components and to tests. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubeconfigFor, type KubeConnection } from "../../src/kube/kubeconfig.ts";
import { createRoot } from "../../src/trust/root.ts";
import { intermediateTtlMs } from "../../src/trust/root.ts";

export interface Authority {
  caPem: string;
  /** `validity`: from when (Unix ms), and for how long; now and for a year unless said. */
  clientCertificate(
    commonName: string,
    organizations?: readonly string[],
    validity?: { now?: number; ttlMs?: number },
  ): Promise<{ cert: string; key: string }>;
  /** An administrator's connection, or that of whom the certificate names. */
  connection(commonName?: string, organizations?: readonly string[]): Promise<KubeConnection>;
}

/** Makes the authority and writes what the API server reads: its certificate, the CA, service-account keys. */
export async function createAuthority(folder: string, server: string, now: number): Promise<Authority> {
  const root = await createRoot({ trustDomain: "testbed.local", now });
  const intermediate = await root.issueIntermediate("testbed", { now });
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
  const tls = await intermediate.issueServer({ ips: ["127.0.0.1"], dnsNames: names, now, ttlMs: intermediateTtlMs });
  const serviceAccounts = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const files = {
    "ca.crt": root.certPem,
    "api.crt": tls.certChainPem,
    "api.key": tls.keyPem,
    "service-account.pub": serviceAccounts.publicKey,
    "service-account.key": serviceAccounts.privateKey,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });

  const clientCertificate: Authority["clientCertificate"] = async (commonName, organizations = [], validity = {}) => {
    const wanted = { commonName, organizations, now, ttlMs: intermediateTtlMs, ...validity };
    const { certChainPem, keyPem } = await intermediate.issueClient(wanted);
    return { cert: certChainPem, key: keyPem };
  };
  return {
    caPem: root.certPem,
    clientCertificate,
    connection: async (commonName = "admin", organizations = ["system:masters"]) => ({
      server,
      ca: root.certPem,
      ...(await clientCertificate(commonName, organizations)),
    }),
  };
}

/** Writes a kubeconfig that stands alone; `kubectl` takes JSON for YAML. */
export function writeKubeconfig(path: string, name: string, connection: KubeConnection): void {
  writeFileSync(path, `${JSON.stringify(kubeconfigFor(name, connection), null, 2)}\n`, { mode: 0o600 });
}
