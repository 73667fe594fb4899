/** Pods of a real cluster whose processes run here, on loopback addresses: their objects, tokens and Envoys. */
import { join } from "node:path";
import { bootstrap } from "../../../src/cluster/sidecar/bootstrap.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeConnection } from "../../../src/kube/kube-connection.ts";
import { Transport } from "../../../src/kube/transport.ts";
import type { Pod } from "../../../src/objects/core.ts";
import { adminSocketOf, get, runEnvoy, type RunningEnvoy } from "../../e2e/support/envoy.ts";
import { eventually } from "../../harness/eventually.ts";

export interface MeshPod {
  name: string;
  namespace: string;
  app: string;
  ip: string;
  /** Beside `app`. */
  labels?: Readonly<Record<string, string>>;
  /** Where its app listens on 127.0.0.1, by declared port. */
  appPorts?: Record<string, number>;
}

/** A pod that no kubelet takes, with the address at which its Envoy will be. Its uid. */
export async function createPod(client: KubeClient, { name, namespace, app, ip }: MeshPod): Promise<string> {
  const options = { fieldManager: "test", force: true } as const;
  const metadata = { name, namespace, labels: { app, "security.istio.io/tlsMode": "istio" } };
  const { object } = await client.apply<Pod>(
    {
      ...{ apiVersion: "v1", kind: "Pod", metadata },
      spec: {
        serviceAccountName: app,
        schedulerName: "nobody",
        containers: [{ name: "app", image: "example/app:1" }],
      } as NonNullable<Pod["spec"]>,
    },
    options,
  );
  await client.apply(
    { apiVersion: "v1", kind: "Pod", metadata, status: { podIP: ip, podIPs: [{ ip }] } },
    { ...options, subresource: "status" },
  );
  return object.metadata.uid!;
}

/** A token of the pod's service account that is bound to the pod, as a kubelet gets one (TokenRequest). */
export async function tokenOf(
  connection: KubeConnection,
  { name, namespace, app }: MeshPod,
  uid: string,
): Promise<string> {
  const transport = new Transport(connection, { userAgent: "test" });
  try {
    const { body } = await transport.request({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${app}/token`,
      contentType: "application/json",
      body: JSON.stringify({
        ...{ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest" },
        spec: { expirationSeconds: 3600, boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid } },
      }),
    });
    return (JSON.parse(body) as { status: { token: string } }).status.token;
  } finally {
    await transport.close();
  }
}

export interface SidecarOptions {
  /** `host:port` of the mesh; with `meshRoot` (PEM) by TLS, and its certificate is checked against that. */
  mesh: string;
  meshRoot?: string;
  /** Who the pod is, to a mesh that wants it proved. */
  token?: string;
  /** Unix socket of the proxy's own secrets. */
  sdsSocket: string;
  folder: string;
}

/** A real Envoy as Istio's bootstrap would have it: configuration from the mesh, secrets from a cluster beside it. */
export async function startProxy(pod: MeshPod, options: SidecarOptions): Promise<RunningEnvoy> {
  const { folder, mesh, meshRoot, sdsSocket, token = "" } = options;
  const base = bootstrap({
    ...{ role: "sidecar", ip: pod.ip, pod: pod.name, namespace: pod.namespace, serviceAccount: pod.app },
    ...{ cluster: "Kubernetes", network: "", locality: { region: "uno", zone: "uno-1" } },
    ...{ xdsSocket: join(folder, "unused"), adminSocket: adminSocketOf(folder, pod.name), token },
    labels: { app: pod.app, ...pod.labels },
    proxyAddress: `${pod.ip}:15001`,
    ...(pod.appPorts && { appPorts: pod.appPorts }),
  });
  const [host, port] = mesh.split(":");
  const clusters = [
    grpcCluster("xds", { socket_address: { address: host, port_value: Number(port) } }, meshRoot),
    grpcCluster("sds-grpc", { pipe: { path: sdsSocket } }),
  ];
  return runEnvoy(folder, pod.name, { ...base, static_resources: { clusters } });
}

/** The proxy of our own mesh, whose configuration says when it has it. */
export async function startSidecar(pod: MeshPod, options: SidecarOptions): Promise<RunningEnvoy> {
  const envoy = await startProxy(pod, options);
  try {
    await eventually(async () => {
      const { status } = await get({ host: pod.ip, port: 15_021, path: "/healthz/ready" });
      if (status !== 200) throw new Error(`its health is ${status}`);
    });
  } catch (error) {
    await envoy.stop();
    throw new Error(`the Envoy of ${pod.name} isn't ready: ${envoy.log()}`, { cause: error });
  }
  return envoy;
}

function grpcCluster(name: string, address: object, tlsRoot?: string): object {
  return {
    ...{ name, type: "STATIC", connect_timeout: "1s" },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    ...(tlsRoot !== undefined && {
      transport_socket: {
        name: "envoy.transport_sockets.tls",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
          common_tls_context: {
            alpn_protocols: ["h2"],
            validation_context: { trusted_ca: { inline_string: tlsRoot } },
          },
        },
      },
    }),
  };
}
