/** How a pod reaches its own cluster's API (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/). */
import type { KubeConnection } from "./kube-connection.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import type { Environment } from "./proxy.ts";

const folder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The connection that the kubelet gives every pod; its token and its authority are read again as they are rotated.
 * Throws `KubeconfigError` when this is no pod, or one without a service account's token.
 */
export function inClusterConnection(env: Environment, readFile: (path: string) => string): KubeConnection {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  if (!host || !port)
    throw new KubeconfigError(
      "kubeconfig/missing",
      "this isn't a pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT aren't set",
      "KUBERNETES_SERVICE_HOST",
      { accepted: "to be run in a pod, or a kubeconfig" },
    );
  const read = (name: string): string => {
    try {
      return readFile(`${folder}/${name}`).trim();
    } catch (cause) {
      throw new KubeconfigError(
        "kubeconfig/missing",
        `the pod has no ${folder}/${name}: ${(cause as Error).message}`,
        `${folder}/${name}`,
        { accepted: "a pod with automountServiceAccountToken", cause },
      );
    }
  };
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: `${read("ca.crt")}\n`,
    token: read("token"),
    namespace: read("namespace"),
    files: { ca: `${folder}/ca.crt`, token: `${folder}/token` },
  };
}
