import { expect, test } from "vitest";
import { inClusterConnection } from "./in-cluster.ts";

const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
const files: Record<string, string> = { "ca.crt": "CA\n", token: "t0ken\n", namespace: "quipu-system" };
const read = (path: string) => files[path.slice(folder.length + 1)]!;

test("a pod finds its cluster, and its token is read again", () => {
  expect(inClusterConnection(env, read)).toEqual({
    server: "https://10.96.0.1:443",
    ca: "CA\n",
    token: "t0ken",
    namespace: "quipu-system",
    files: { ca: `${folder}/ca.crt`, token: `${folder}/token` },
  });
  expect(inClusterConnection({ ...env, KUBERNETES_SERVICE_HOST: "fd00::1" }, read).server).toBe(
    "https://[fd00::1]:443",
  );
});

test("elsewhere it is said what is missing", () => {
  expect(() => inClusterConnection({}, read)).toThrowError(
    expect.objectContaining({ code: "kubeconfig/missing", field: "KUBERNETES_SERVICE_HOST" }),
  );
  const absent = () => {
    throw new Error("ENOENT");
  };
  expect(() => inClusterConnection(env, absent)).toThrowError(
    expect.objectContaining({ code: "kubeconfig/missing", accepted: "a pod with automountServiceAccountToken" }),
  );
});
