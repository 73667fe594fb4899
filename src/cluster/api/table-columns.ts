import type {
  ContainerStatus,
  Deployment,
  EndpointSlice,
  HorizontalPodAutoscaler,
  Pod,
  PodDisruptionBudget,
  PodSpec,
  ReplicaSet,
  Service,
} from "../../objects/core.ts";
import type { KubeObject, LabelSelector } from "../../objects/meta.ts";
import { ageOf } from "./human-duration.ts";

export type Cell = string | number | boolean | null;
/** `wide`: shown with `-o wide` only. */
export interface Column {
  name: string;
  type: "string" | "integer" | "boolean";
  format?: "name";
  wide?: true;
  cell: (object: never, now: Date) => Cell;
}

type Get<T> = (object: T, now: Date) => Cell;
const text = <T>(name: string, cell: Get<T>): Column => ({ name, type: "string", cell: cell });
const number = <T>(name: string, cell: Get<T>): Column => ({ name, type: "integer", cell: cell });
const wide = (column: Column): Column => ({ ...column, wide: true });
const name: Column = {
  name: "Name",
  type: "string",
  format: "name",
  cell: (object: KubeObject) => object.metadata.name,
};
const age: Column = text<KubeObject>("Age", ({ metadata }, now) => ageOf(metadata.creationTimestamp, now));
const none = "<none>";
const join = (values: readonly string[] | undefined): string =>
  values === undefined || values.length === 0 ? none : values.join(",");
const specText = (column: string, field: string): Column =>
  text<KubeObject>(column, ({ spec }) => {
    const value = (spec as Record<string, unknown> | undefined)?.[field];
    return Array.isArray(value) ? JSON.stringify(value) : value === undefined ? "" : String(value);
  });

function selectorText({ matchLabels, matchExpressions }: LabelSelector = {}): string {
  return join([
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(matchExpressions ?? []).map(({ key, operator, values }) =>
      operator === "Exists"
        ? key
        : operator === "DoesNotExist"
          ? `!${key}`
          : `${key} ${operator.toLowerCase()} (${values?.join(",")})`,
    ),
  ]);
}

const template =
  (get: (spec: PodSpec) => string[]): Get<Deployment> =>
  ({ spec }) =>
    join(spec?.template?.spec ? get(spec.template.spec) : []);
const containers = wide(
  text(
    "Containers",
    template((spec) => spec.containers.map((container) => container.name)),
  ),
);
const images = wide(
  text(
    "Images",
    template((spec) => spec.containers.map((container) => container.image)),
  ),
);
const selector = wide(text<Deployment>("Selector", ({ spec }) => selectorText(spec?.selector)));

/** What `kubectl get pods` calls STATUS: why the pod or one of its containers isn't running, else its phase. */
function podStatus({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const reason = (state: ContainerStatus): string | undefined => {
    const { waiting, terminated } = state.state ?? {};
    if (waiting?.reason) return waiting.reason;
    if (terminated === undefined) return undefined;
    return terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);
  };
  const reasons = (status?.containerStatuses ?? []).map(reason).filter((found) => found !== undefined);
  return reasons[0] ?? status?.reason ?? status?.phase ?? "Unknown";
}

const podColumns: Column[] = [
  name,
  text<Pod>(
    "Ready",
    ({ spec, status }) =>
      `${status?.containerStatuses?.filter(({ ready }) => ready).length ?? 0}/${spec?.containers.length ?? 0}`,
  ),
  text<Pod>("Status", podStatus),
  text<Pod>("Restarts", ({ status }, now) => {
    const restarts = (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
    const last = status?.containerStatuses
      ?.map(({ lastState }) => lastState?.terminated?.finishedAt)
      .filter((time) => time !== undefined)
      .sort()
      .at(-1);
    return restarts > 0 && last !== undefined ? `${restarts} (${ageOf(last, now)} ago)` : String(restarts);
  }),
  age,
  wide(text<Pod>("IP", ({ status }) => status?.podIP ?? none)),
  wide(text<Pod>("Node", ({ spec }) => spec?.nodeName ?? none)),
  wide(text("Nominated Node", () => none)),
  wide(text("Readiness Gates", () => none)),
];

function externalIp({ spec, status }: Service): string {
  if (spec?.type === "ExternalName") return spec.externalName ?? none;
  if (spec?.type === "LoadBalancer")
    return status?.loadBalancer?.ingress?.map(({ ip, hostname }) => ip ?? hostname ?? "").join(",") || "<pending>";
  return none;
}

function hpaTargets({ spec, status }: HorizontalPodAutoscaler): string {
  return join(
    (spec?.metrics ?? []).map(({ resource }, index) => {
      const current = (
        status?.currentMetrics?.[index] as
          | { resource?: { current?: { averageUtilization?: number; averageValue?: string } } }
          | undefined
      )?.resource?.current;
      const { averageUtilization, averageValue } = resource?.target ?? {};
      return averageUtilization === undefined
        ? `${resource?.name}: ${current?.averageValue ?? "<unknown>"}/${averageValue}`
        : `${resource?.name}: ${current?.averageUtilization === undefined ? "<unknown>" : `${current.averageUtilization}%`}/${averageUtilization}%`;
    }),
  );
}

type Event = KubeObject & {
  lastTimestamp?: string;
  eventTime?: string;
  type?: string;
  reason?: string;
  message?: string;
  count?: number;
  source?: { component?: string };
  involvedObject?: { kind?: string; name?: string };
};
const dataCount: Column = number<KubeObject & { data?: object; binaryData?: object }>(
  "Data",
  ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
);

/** The columns that kube-apiserver (printers) and Istio's CRDs (additionalPrinterColumns) show for each kind. */
export const columns: Readonly<Record<string, readonly Column[]>> = {
  Pod: podColumns,
  Deployment: [
    name,
    text<Deployment>("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`),
    number<Deployment>("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    number<Deployment>("Available", ({ status }) => status?.availableReplicas ?? 0),
    age,
    containers,
    images,
    selector,
  ],
  ReplicaSet: [
    name,
    number<ReplicaSet>("Desired", ({ spec }) => spec?.replicas ?? 1),
    number<ReplicaSet>("Current", ({ status }) => status?.replicas ?? 0),
    number<ReplicaSet>("Ready", ({ status }) => status?.readyReplicas ?? 0),
    age,
    containers,
    images,
    selector,
  ],
  Service: [
    name,
    text<Service>("Type", ({ spec }) => spec?.type ?? "ClusterIP"),
    text<Service>("Cluster-IP", ({ spec }) => spec?.clusterIP ?? none),
    text<Service>("External-IP", externalIp),
    text<Service>("Port(s)", ({ spec }) =>
      join(spec?.ports?.map(({ port, protocol }) => `${port}/${protocol ?? "TCP"}`)),
    ),
    age,
    wide(text<Service>("Selector", ({ spec }) => selectorText({ matchLabels: spec?.selector ?? {} }))),
  ],
  Namespace: [
    name,
    text<KubeObject<unknown, { phase?: string }>>("Status", ({ status }) => status?.phase ?? "Active"),
    age,
  ],
  Node: [
    name,
    text<KubeObject<unknown, { conditions?: { type: string; status: string }[] }>>("Status", ({ status }) =>
      status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True")
        ? "Ready"
        : "NotReady",
    ),
    text("Roles", () => none),
    age,
    text<KubeObject<unknown, { nodeInfo?: { kubeletVersion?: string } }>>(
      "Version",
      ({ status }) => status?.nodeInfo?.kubeletVersion ?? "",
    ),
  ],
  ServiceAccount: [
    name,
    number<KubeObject & { secrets?: unknown[] }>("Secrets", ({ secrets }) => secrets?.length ?? 0),
    age,
  ],
  Secret: [name, text<KubeObject & { type?: string }>("Type", ({ type }) => type ?? "Opaque"), dataCount, age],
  ConfigMap: [name, dataCount, age],
  Event: [
    text<Event>("Last Seen", ({ lastTimestamp, eventTime, metadata }, now) =>
      ageOf(lastTimestamp ?? eventTime ?? metadata.creationTimestamp, now),
    ),
    text<Event>("Type", ({ type }) => type ?? ""),
    text<Event>("Reason", ({ reason }) => reason ?? ""),
    text<Event>(
      "Object",
      ({ involvedObject }) => `${involvedObject?.kind?.toLowerCase() ?? ""}/${involvedObject?.name ?? ""}`,
    ),
    wide(text<Event>("Source", ({ source }) => source?.component ?? "")),
    text<Event>("Message", ({ message }) => message?.trim() ?? ""),
    wide(number<Event>("Count", ({ count }) => count ?? 1)),
    wide({ ...name, format: "name" }),
  ],
  HorizontalPodAutoscaler: [
    name,
    text<HorizontalPodAutoscaler>(
      "Reference",
      ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`,
    ),
    text<HorizontalPodAutoscaler>("Targets", hpaTargets),
    text<HorizontalPodAutoscaler>("MinPods", ({ spec }) => String(spec?.minReplicas ?? "<unset>")),
    number<HorizontalPodAutoscaler>("MaxPods", ({ spec }) => spec?.maxReplicas ?? 0),
    number<HorizontalPodAutoscaler>("Replicas", ({ status }) => status?.currentReplicas ?? 0),
    age,
  ],
  PodDisruptionBudget: [
    name,
    text<PodDisruptionBudget>("Min Available", ({ spec }) => String(spec?.minAvailable ?? "N/A")),
    text<PodDisruptionBudget>("Max Unavailable", ({ spec }) => String(spec?.maxUnavailable ?? "N/A")),
    number<PodDisruptionBudget>("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0),
    age,
  ],
  EndpointSlice: [
    name,
    text<EndpointSlice>("AddressType", ({ addressType }) => addressType),
    text<EndpointSlice>("Ports", ({ ports }) =>
      ports?.length ? ports.map(({ port }) => port ?? "*").join(",") : "<unset>",
    ),
    text<EndpointSlice>("Endpoints", ({ endpoints }) => {
      const addresses = (endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
      if (addresses.length === 0) return "<unset>";
      return addresses.length > 3
        ? `${addresses.slice(0, 3).join(",")} + ${addresses.length - 3} more...`
        : addresses.join(",");
    }),
    age,
  ],
  Lease: [name, text<KubeObject<{ holderIdentity?: string }>>("Holder", ({ spec }) => spec?.holderIdentity ?? ""), age],
  VirtualService: [name, specText("Gateways", "gateways"), specText("Hosts", "hosts"), age],
  DestinationRule: [name, specText("Host", "host"), age],
  ServiceEntry: [
    name,
    specText("Hosts", "hosts"),
    specText("Location", "location"),
    specText("Resolution", "resolution"),
    age,
  ],
  WorkloadEntry: [name, age, specText("Address", "address")],
  AuthorizationPolicy: [name, specText("Action", "action"), age],
  PeerAuthentication: [
    name,
    text<KubeObject<{ mtls?: { mode?: string } }>>("Mode", ({ spec }) => spec?.mtls?.mode ?? ""),
    age,
  ],
};

export const otherColumns: readonly Column[] = [name, age];
