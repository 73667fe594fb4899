import type { WorkloadPart } from "../model/parts.ts";
import type { RevisionName, Roster } from "../model/rows.ts";
import type { Container, Deployment, EnvVar, Probe, Volume } from "../objects/core.ts";
import { byText, callsAnnotation, head, managedLabel, revisionLabel } from "./names.ts";
import type { Reader } from "./reader.ts";

/** `APP-rN`: the app and the revision, or undefined when the name has another form. */
export function splitRevision(name: string): { app: string; revision: RevisionName } | undefined {
  const match = /^(.+)-(r\d+)$/.exec(name);
  return match === null ? undefined : { app: match[1]!, revision: match[2]! };
}

/** One Deployment for each live revision. It has no `replicas`: they belong to its autoscaler. */
export function deployment(namespace: string, name: string, read: Reader): Deployment | undefined {
  const split = splitRevision(name);
  if (split === undefined) return undefined;
  const { app, revision } = split;
  const roster = read.roster(app);
  const hash = read.homeLane(app)?.live[revision];
  if (roster?.segment !== namespace || hash === undefined) return undefined;
  const part = read.part(hash, "workload");
  const selector = { app, [revisionLabel]: revision };
  const object = head("Deployment", namespace, name, { ...part.labels, ...selector, "quipu.dev/team": part.team });
  const calls = declaredCalls(roster);
  if (calls !== "") object.metadata.annotations = { [callsAnnotation]: calls };
  return {
    ...object,
    spec: {
      revisionHistoryLimit: 1,
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: {
            ...part.labels,
            ...selector,
            [managedLabel]: "true",
            "quipu.dev/team": part.team,
            version: revision,
            "security.istio.io/tlsMode": "istio",
            "service.istio.io/canonical-name": app,
            "service.istio.io/canonical-revision": revision,
          },
        },
        spec: {
          serviceAccountName: app,
          terminationGracePeriodSeconds: Math.ceil((part.terminationGraceMs + part.drainMs) / 1000),
          ...(part.spread === "zone" && {
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "topology.kubernetes.io/zone",
                whenUnsatisfiable: "ScheduleAnyway" as const,
                labelSelector: { matchLabels: selector },
              },
            ],
          }),
          containers: [container(part)],
          ...(part.files.length > 0 && { volumes: volumesOf(part).map(({ volume }) => volume) }),
        },
      },
    },
  };
}

/** Every declared call, open or not, whose callee's segment is known: `app.segment`, sorted, by commas. */
function declaredCalls({ edges }: Roster): string {
  return Object.entries(edges)
    .filter(([, edge]) => edge.stage !== "gone" && edge.segment !== "")
    .map(([callee, { segment }]) => `${callee}.${segment}`)
    .toSorted(byText)
    .join(",");
}

function container(part: WorkloadPart): Container {
  const { requests, limits } = part.resources;
  const mounts = volumesOf(part);
  return {
    name: "app",
    image: part.image,
    ...(part.command.length > 0 && { command: part.command }),
    ...(part.ports.length > 0 && {
      ports: part.ports.map(({ name, port }) => ({ name, containerPort: port, protocol: "TCP" as const })),
    }),
    ...(part.env.length > 0 && { env: part.env.map(envVar) }),
    ...((Object.keys(requests).length > 0 || Object.keys(limits).length > 0) && {
      resources: {
        ...(Object.keys(requests).length > 0 && { requests }),
        ...(Object.keys(limits).length > 0 && { limits }),
      },
    }),
    // A second of period: what waits for readiness (a step, a wave, an endpoint) waits for the probe.
    ...(part.readiness !== null && {
      readinessProbe: { ...probe(part.readiness), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 3 },
    }),
    ...(part.liveness !== null && {
      livenessProbe: { ...probe(part.liveness), periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 3 },
    }),
    // Kubernetes runs preStop while the pod leaves the endpoints; only then the process is asked to stop.
    ...(part.drainMs > 0 && { lifecycle: { preStop: { sleep: { seconds: Math.ceil(part.drainMs / 1000) } } } }),
    ...(mounts.length > 0 && { volumeMounts: mounts.flatMap(({ mounts }) => mounts) }),
  };
}

function envVar({ name, value, secret, config }: WorkloadPart["env"][number]): EnvVar {
  if (secret !== undefined) return { name, valueFrom: { secretKeyRef: secret } };
  return config !== undefined ? { name, valueFrom: { configMapKeyRef: config } } : { name, value: value ?? "" };
}

function probe(spec: NonNullable<WorkloadPart["readiness"]>): Probe {
  return spec.kind === "http" ? { httpGet: { path: spec.path, port: spec.port } } : { tcpSocket: { port: spec.port } };
}

/** A volume for each ConfigMap or Secret, and a mount for each file. Volumes are numbered, for a Secret's name may be too long for a volume. */
function volumesOf({ files }: WorkloadPart): { volume: Volume; mounts: NonNullable<Container["volumeMounts"]> }[] {
  const sources = [
    ...new Set(files.map(({ config, secret }) => (config !== undefined ? `config/${config}` : `secret/${secret}`))),
  ].toSorted(byText);
  return sources.map((source, index) => {
    const own = files.filter(
      ({ config, secret }) => source === (config !== undefined ? `config/${config}` : `secret/${secret}`),
    );
    const name = `files-${index}`;
    const { config, secret } = own[0]!;
    return {
      volume: config !== undefined ? { name, configMap: { name: config } } : { name, secret: { secretName: secret! } },
      mounts: own.map(({ path, key }) => ({
        name,
        mountPath: path,
        subPath: key ?? path.slice(path.lastIndexOf("/") + 1),
        readOnly: true,
      })),
    };
  });
}
