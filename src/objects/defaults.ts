import type { Kind } from "./kinds.ts";
import type { KubeObject } from "./meta.ts";

/**
 * The values that Kubernetes fills in for fields left out (API reference, "defaults to" of each field), for the
 * kinds in use. Only what a client can see matters here: applying the same object to a real cluster and to an
 * embedded one gives the same fields. Istio's custom resources have no defaults in their schemas.
 */
type Fields = Record<string, unknown>;
const isMap = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const maps = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isMap) : []);

function fill(target: Fields, values: Fields): void {
  for (const [name, value] of Object.entries(values))
    if (target[name] === undefined || target[name] === null) target[name] = value;
}

function probe(value: unknown): void {
  if (!isMap(value)) return;
  fill(value, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 });
  if (isMap(value["httpGet"])) fill(value["httpGet"], { path: "/", scheme: "HTTP" });
}

function container(value: Fields): void {
  const image = typeof value["image"] === "string" ? value["image"] : "";
  const tag = image.includes("@") ? "@" : /:([^/:]+)$/.exec(image)?.[1];
  fill(value, {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: tag === undefined || tag === "latest" ? "Always" : "IfNotPresent",
    resources: {},
  });
  for (const port of maps(value["ports"])) fill(port, { protocol: "TCP" });
  for (const name of ["readinessProbe", "livenessProbe", "startupProbe"]) probe(value[name]);
  for (const { valueFrom } of maps(value["env"]))
    if (isMap(valueFrom) && isMap(valueFrom["fieldRef"])) fill(valueFrom["fieldRef"], { apiVersion: "v1" });
  if (isMap(value["resources"]) && isMap(value["resources"]["limits"])) {
    // A limit without a request is the request too.
    const { limits, requests } = value["resources"];
    value["resources"]["requests"] = { ...limits, ...(isMap(requests) ? requests : {}) };
  }
}

function podSpec(spec: Fields): void {
  fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  });
  if (typeof spec["serviceAccountName"] === "string") spec["serviceAccount"] = spec["serviceAccountName"];
  for (const name of ["containers", "initContainers"]) maps(spec[name]).forEach(container);
  for (const volume of maps(spec["volumes"])) {
    for (const source of ["configMap", "secret", "projected"])
      if (isMap(volume[source])) fill(volume[source], { defaultMode: 420 });
  }
}

function template(spec: Fields): void {
  if (isMap(spec["template"]) && isMap(spec["template"]["spec"])) podSpec(spec["template"]["spec"]);
}

const defaulters: Readonly<Record<string, (spec: Fields, object: KubeObject & Fields) => void>> = {
  "v1/Namespace": (spec) => fill(spec, { finalizers: ["kubernetes"] }),
  "v1/Pod": (spec) => {
    fill(spec, { serviceAccountName: "default", enableServiceLinks: true });
    podSpec(spec);
  },
  "v1/Service": (spec) => {
    fill(spec, { type: "ClusterIP", sessionAffinity: "None" });
    if (spec["type"] !== "ExternalName") fill(spec, { internalTrafficPolicy: "Cluster" });
    for (const port of maps(spec["ports"])) {
      fill(port, { protocol: "TCP" });
      if (spec["type"] !== "ExternalName") fill(port, { targetPort: port["port"] });
    }
  },
  "apps/v1/Deployment": (spec) => {
    fill(spec, { replicas: 1, strategy: {}, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
    const strategy = spec["strategy"];
    if (isMap(strategy)) {
      fill(strategy, { type: "RollingUpdate" });
      if (strategy["type"] === "RollingUpdate") {
        fill(strategy, { rollingUpdate: {} });
        fill(strategy["rollingUpdate"] as Fields, { maxSurge: "25%", maxUnavailable: "25%" });
      }
    }
    template(spec);
  },
  "apps/v1/ReplicaSet": (spec) => {
    fill(spec, { replicas: 1 });
    template(spec);
  },
  "autoscaling/v2/HorizontalPodAutoscaler": (spec) => {
    fill(spec, {
      minReplicas: 1,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
      ],
    });
  },
};

/** Fills the defaults of `object` into it. Mutates: give it a copy of your own. */
export function fillDefaults(kind: Kind, object: KubeObject): void {
  const fields = object as KubeObject & Fields;
  if (kind.apiVersion === "v1" && kind.kind === "Secret") {
    fill(fields, { type: "Opaque" });
    return;
  }
  if (kind.apiVersion === "discovery.k8s.io/v1") {
    for (const port of maps(fields["ports"])) fill(port, { name: "", protocol: "TCP" });
    for (const endpoint of maps(fields["endpoints"])) fill(endpoint, { conditions: {} });
    return;
  }
  const defaulter = defaulters[`${kind.apiVersion}/${kind.kind}`];
  if (defaulter === undefined) return;
  if (object.spec === undefined && kind.kind === "Namespace") object.spec = {};
  if (isMap(object.spec)) defaulter(object.spec, fields);
}
