/** The components of one cluster with their settings. Pure: paths and ports in, command lines out. */
import { join } from "node:path";
import type { Provided } from "./provide.ts";

export interface Ports {
  etcd: number;
  etcdPeer: number;
  api: number;
  /** Of each istiod. */
  istiods: readonly { grpc: number; http: number; monitoring: number }[];
}

export interface Command {
  name: string;
  program: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

const flags = (settings: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
const loopback = "127.0.0.1";
const local = (port: number): string => `${loopback}:${port}`;

export function etcdCommand({ etcd }: Provided, folder: string, ports: Ports): Command {
  const [client, peer] = [`http://${local(ports.etcd)}`, `http://${local(ports.etcdPeer)}`];
  const args = flags({
    name: "one",
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `one=${peer}`,
    // Nothing here outlives the machine.
    "unsafe-no-fsync": true,
    "log-level": "warn",
  });
  return { name: "etcd", program: etcd, args };
}

export function apiserverCommand({ kubeApiserver }: Provided, folder: string, ports: Ports): Command {
  const args = flags({
    "etcd-servers": `http://${local(ports.etcd)}`,
    "bind-address": loopback,
    "advertise-address": loopback,
    // Endpoints may not be loopback addresses, and nobody here looks for the API by its Service.
    "endpoint-reconciler-type": "none",
    "secure-port": ports.api,
    "cert-dir": join(folder, "api"),
    "tls-cert-file": join(folder, "api.crt"),
    "tls-private-key-file": join(folder, "api.key"),
    "client-ca-file": join(folder, "ca.crt"),
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": join(folder, "service-account.pub"),
    "service-account-signing-key-file": join(folder, "service-account.key"),
    "service-cluster-ip-range": "10.96.0.0/16",
    "authorization-mode": "RBAC",
    // This etcd can't tell how far a watch has come (3.5.13 and later can), and without that a watch that begins with
    // what is there ends in an error.
    "feature-gates": "WatchList=false",
    profiling: false,
  });
  return { name: "kube-apiserver", program: kubeApiserver, args };
}

export function controllerManagerCommand({ kubeControllerManager }: Provided, folder: string): Command {
  const args = flags({
    kubeconfig: join(folder, "kube-controller-manager.kubeconfig"),
    "use-service-account-credentials": true,
    "service-account-private-key-file": join(folder, "service-account.key"),
    "root-ca-file": join(folder, "ca.crt"),
    "leader-elect": false,
    "secure-port": 0,
    profiling: false,
  });
  return { name: "kube-controller-manager", program: kubeControllerManager, args };
}

export function schedulerCommand({ kubeScheduler }: Provided, folder: string): Command {
  const args = flags({
    kubeconfig: join(folder, "kube-scheduler.kubeconfig"),
    "leader-elect": false,
    "secure-port": 0,
    profiling: false,
  });
  return { name: "kube-scheduler", program: kubeScheduler, args };
}

export function kwokCommand({ kwok, kwokStages }: Provided, folder: string): Command {
  const args = flags({
    kubeconfig: join(folder, "kwok.kubeconfig"),
    config: kwokStages,
    "manage-all-nodes": true,
    "node-lease-duration-seconds": 40,
    cidr: "10.244.0.0/16",
    "node-ip": "10.0.0.1",
  });
  const failing = join(import.meta.dirname, "failing-pods.yaml");
  return { name: "kwok", program: kwok, args: [...args, `--config=${failing}`] };
}

/** `number`: 1 or 2. Discovery in plain text on loopback; certificates are the tests' own business. */
export function istiodCommand(
  program: string,
  folder: string,
  ports: Ports["istiods"][number],
  number: number,
): Command {
  const args = flags({
    kubeconfig: join(folder, "istiod.kubeconfig"),
    meshConfig: join(folder, "mesh.yaml"),
    grpcAddr: local(ports.grpc),
    httpAddr: local(ports.http),
    monitoringAddr: local(ports.monitoring),
    secureGRPCAddr: "",
    httpsAddr: "",
    ctrlz_port: 0,
    keepaliveMaxServerConnectionAge: "24h",
  });
  const env = {
    POD_NAMESPACE: "istio-system",
    POD_NAME: `istiod-${number}`,
    CLUSTER_ID: "Kubernetes",
    PILOT_CERT_PROVIDER: "none",
    ENABLE_CA_SERVER: "false",
    // What proxies ask of it in a test comes all at once.
    PILOT_MAX_REQUESTS_PER_SECOND: "1000",
    // Filters that only Istio's own build of Envoy has.
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
    PILOT_ENABLE_ALPN_FILTER: "false",
    PILOT_ENABLE_TELEMETRY_LABEL: "false",
  };
  return { name: `istiod-${number}`, program, args: ["discovery", ...args], env };
}
