import type { ClusterLink } from "../fleet/cluster-link.ts";
import { parseKey } from "../fleet/desired.ts";
import { isReady } from "../fleet/pod-health.ts";
import type { EndpointSlice, Pod } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import type { KubeObject } from "../objects/meta.ts";
import { rootNamespace } from "../render/names.ts";
import type { InForce } from "../store/in-force.ts";
import { NotYet, type AskMode, type ObjectVersion } from "../release/acknowledge.ts";

const serviceNameLabel = "kubernetes.io/service-name";

/** Kinds that proxies get something of. */
const meshKinds = new Set([
  "Service",
  "VirtualService",
  "DestinationRule",
  "Gateway",
  "ServiceEntry",
  "Sidecar",
  "EnvoyFilter",
  "AuthorizationPolicy",
  "PeerAuthentication",
  "RequestAuthentication",
]);

/**
 * The objects of an app's step as the cluster has them: those that were rendered from rows of its revision, with the
 * version that the cluster gave them. Objects of later revisions of the same app stand for the earlier ones. Before
 * something is removed, all of the app's are asked for: whoever was excused at an earlier step counts then.
 *
 * The app's pods and where they are to be found belong to them: a mesh that has just come back to its cluster may know of
 * a new subset and not yet of its pods, and requests that were sent there would find nobody.
 */
export async function objectsOf(
  link: Pick<ClusterLink, "desired" | "kube">,
  app: string,
  revision: number,
  mode: AskMode = "advance",
): Promise<ObjectVersion[]> {
  const objects = await meshObjectsOf(link, app, revision, mode);
  const pods = objects.length === 0 ? [] : await podsOf(link, app);
  return [...objects.flatMap(versionOf), ...pods];
}

/**
 * The same without pods, as whole objects; each has a resource version. Throws {@link NotYet} while one of the app's that was
 * applied isn't there: somebody deleted it, or the link leads to another cluster, which would have nothing for its proxies.
 */
export async function meshObjectsOf(
  link: Pick<ClusterLink, "desired" | "kube">,
  app: string,
  revision: number,
  mode: AskMode,
): Promise<KubeObject[]> {
  const wanted = [...link.desired.objects()].filter(
    ({ object, rowRevision }) =>
      meshKinds.has(object.kind) &&
      (rowRevision === revision ||
        ((mode === "remove" || rowRevision > revision) && object.metadata.labels?.app === app)),
  );
  const found = await Promise.all(
    wanted.map(async ({ key, object: asked, rowRevision }) => {
      const { kind, namespace, name } = parseKey(key)!;
      const object = await link.kube.find(kind, { ...(namespace !== undefined && { namespace }), name });
      if (object === undefined && rowRevision <= revision && asked.metadata.labels?.app === app)
        throw new NotYet(`${asked.kind} ${namespace ?? ""}/${name} was applied and isn't there`);
      return object?.metadata.resourceVersion === undefined ? [] : [object];
    }),
  );
  return found.flat();
}

/**
 * Where an app's pods are to be found, and the pods, of all its revisions. Throws {@link NotYet} while a pod that is
 * ready can't be found anywhere: who makes EndpointSlices comes after who makes pods ready, the longer after a restart.
 */
export async function podsOf(
  { desired, kube }: Pick<ClusterLink, "desired" | "kube">,
  app: string,
): Promise<ObjectVersion[]> {
  const service = [...desired.objects()].find(
    ({ object }) => object.kind === "Service" && object.metadata.labels?.app === app,
  );
  const namespace = service?.object.metadata.namespace;
  if (service === undefined || namespace === undefined) return [];
  const { name } = service.object.metadata;
  const [slices, pods] = await Promise.all([
    kube.listAll<EndpointSlice>(kinds.EndpointSlice, { namespace, labelSelector: `${serviceNameLabel}=${name}` }),
    kube.listAll<Pod>(kinds.Pod, { namespace, labelSelector: `app=${app}` }),
  ]);
  const reachable = new Set(
    slices.items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ targetRef }) => targetRef?.uid),
  );
  const missing = pods.items.find((pod) => isReady(pod) && !reachable.has(pod.metadata.uid))?.metadata;
  if (missing !== undefined)
    throw new NotYet(`Pod ${missing.name} is ready and no EndpointSlice of Service ${name} has it yet`);
  return [...slices.items, ...pods.items].flatMap(versionOf);
}

function versionOf({ kind, metadata: { namespace, name, resourceVersion } }: KubeObject): ObjectVersion[] {
  return resourceVersion === undefined
    ? []
    : [{ kind, ...(namespace !== undefined && { namespace }), name, resourceVersion }];
}

/** Whether pods of a service account may be calling an app: it has an edge to it that isn't only wished for, or it is a gateway. */
export function mayCall(rosters: InForce["rosters"], app: string, namespace: string, serviceAccount: string): boolean {
  if (namespace === rootNamespace) return true;
  const caller = rosters.get(serviceAccount)?.value;
  const stage = caller?.segment === namespace ? caller.edges[app]?.stage : undefined;
  return stage !== undefined && stage !== "wanted" && stage !== "gone";
}
