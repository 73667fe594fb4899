import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from "../../objects/core.ts";
import type { Allocation } from "./allocation.ts";
import { expand } from "./expand.ts";
import { PodProblem } from "./pod-problem.ts";

/** What an environment is made from besides the pod itself. Names are looked up in the pod's namespace, Services in any. */
export interface EnvironmentSources {
  secret(name: string): Secret | undefined;
  configMap(name: string): ConfigMap | undefined;
  service(namespace: string, name: string): Service | undefined;
}

export interface EnvironmentContext {
  fleet: string;
  cluster: string;
  node: string;
  hostIP: string;
  allocation: Allocation;
  /** `IP:15001`; undefined for a pod without sidecar. */
  proxy: string | undefined;
  /** The pod's own folder, below which absolute mount paths lie. */
  root: string;
  /** Taken over from the machine: PATH, locale, time zone. */
  inherited: Record<string, string>;
}

/**
 * The whole environment of an app's process, nothing inherited besides `inherited`. The container's own `env` wins over
 * all but what names the process for the runtime. Throws PodProblem CreateContainerConfigError.
 */
export function appEnvironment(
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
  sources: EnvironmentSources,
): Record<string, string> {
  const { allocation } = context;
  const env: Record<string, string> = {
    ...context.inherited,
    POD_NAME: pod.metadata.name,
    POD_NAMESPACE: pod.metadata.namespace ?? "",
    POD_IP: allocation.ip,
    HOSTNAME: pod.metadata.name,
    QUIPU_ROOT: context.root,
    ...portVariables(allocation),
    ...calleeVariables(allocation, sources),
    ...(context.proxy !== undefined && proxyVariables(context.proxy)),
  };
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom === undefined
        ? expand(variable.value ?? "", env)
        : resolve(pod, container, variable, context, sources);
    if (value !== undefined) env[variable.name] = value;
  }
  return { ...env, QUIPU_FLEET: context.fleet, QUIPU_ROLE: `app/${context.cluster}/${pod.metadata.uid ?? ""}` };
}

/** PORT is the first declared port, PORT_NAME each by its name; their values are the private ports. */
function portVariables(allocation: Allocation): Record<string, string> {
  const first = allocation.ports[0];
  return {
    ...(first && { PORT: String(first.privatePort) }),
    ...Object.fromEntries(
      allocation.ports.map((port) => [`PORT_${variableName(port.name)}`, String(port.privatePort)]),
    ),
  };
}

/** NAME_SERVICE_HOST and NAME_SERVICE_PORT as Kubernetes sets them, for declared callees of any namespace. Without a Service yet there is no port to tell. */
function calleeVariables(allocation: Allocation, sources: EnvironmentSources): Record<string, string> {
  const env: Record<string, string> = {};
  for (const callee of allocation.callees) {
    const prefix = variableName(callee.app);
    env[`${prefix}_SERVICE_HOST`] = callee.address;
    const ports = sources.service(callee.segment, callee.app)?.spec?.ports ?? [];
    if (ports[0] !== undefined) env[`${prefix}_SERVICE_PORT`] = String(ports[0].port);
    for (const port of ports)
      if (port.name !== undefined) env[`${prefix}_SERVICE_PORT_${variableName(port.name)}`] = String(port.port);
  }
  return env;
}

/** Both spellings, since curl reads only `http_proxy` and others only upper case; NO_PROXY is empty so that nothing is exempt. Node ≥ 24 heeds them only with NODE_USE_ENV_PROXY. */
export function proxyVariables(proxy: string): Record<string, string> {
  const url = `http://${proxy}`;
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    NO_PROXY: "",
    http_proxy: url,
    https_proxy: url,
    no_proxy: "",
    NODE_USE_ENV_PROXY: "1",
  };
}

/** `fraud-check` → `FRAUD_CHECK`. */
export function variableName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}

function resolve(
  pod: Pod,
  container: Container,
  variable: EnvVar,
  context: EnvironmentContext,
  sources: EnvironmentSources,
): string | undefined {
  const { secretKeyRef, configMapKeyRef, fieldRef } = variable.valueFrom ?? {};
  if (secretKeyRef !== undefined) {
    const secret = sources.secret(secretKeyRef.name);
    const value = secret?.data?.[secretKeyRef.key];
    if (value !== undefined) return Buffer.from(value, "base64").toString("utf8");
    if (secretKeyRef.optional) return undefined;
    throw missing("secret", secretKeyRef.name, secretKeyRef.key, secret !== undefined, pod);
  }
  if (configMapKeyRef !== undefined) {
    const map = sources.configMap(configMapKeyRef.name);
    const value = map?.data?.[configMapKeyRef.key];
    if (value !== undefined) return value;
    if (configMapKeyRef.optional) return undefined;
    throw missing("configmap", configMapKeyRef.name, configMapKeyRef.key, map !== undefined, pod);
  }
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath, context);
  throw new PodProblem(
    "CreateContainerConfigError",
    `env ${variable.name} of container "${container.name}" has a valueFrom that names no source; accepted: secretKeyRef, configMapKeyRef, fieldRef`,
  );
}

export function missing(kind: "secret" | "configmap", name: string, key: string, found: boolean, pod: Pod): PodProblem {
  const where = `${pod.metadata.namespace ?? ""}/${name}`;
  return new PodProblem(
    "CreateContainerConfigError",
    found
      ? `couldn't find key ${key} in ${kind} ${where}`
      : `${kind} "${name}" not found in namespace "${pod.metadata.namespace ?? ""}"`,
  );
}

/** The downward API's fields (Kubernetes documentation, "Downward API"). */
function fieldValue(pod: Pod, path: string, context: EnvironmentContext): string {
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed !== null) return pod.metadata[keyed[1] as "labels" | "annotations"]?.[keyed[2] ?? ""] ?? "";
  const fields: Record<string, string | undefined> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "metadata.uid": pod.metadata.uid,
    "spec.nodeName": context.node,
    "spec.serviceAccountName": pod.spec?.serviceAccountName ?? "default",
    "status.podIP": context.allocation.ip,
    "status.podIPs": context.allocation.ip,
    "status.hostIP": context.hostIP,
  };
  const value = fields[path];
  if (value === undefined)
    throw new PodProblem(
      "CreateContainerConfigError",
      `fieldRef ${path} isn't known; accepted: ${Object.keys(fields).join(", ")}, metadata.labels['KEY'], metadata.annotations['KEY']`,
      false,
    );
  return value;
}
