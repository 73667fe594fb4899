import { kinds, type Kind } from "../../objects/kinds.ts";
import { groupVersion } from "../../objects/meta.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const all = Object.values<Kind>(kinds);

interface Resource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}
/** Resources that aren't stored: reviews and requests. */
const virtual: Readonly<Record<string, readonly Resource[]>> = {
  "authentication.k8s.io/v1": ["TokenReview", "SelfSubjectReview"].map(createOnly),
  "authorization.k8s.io/v1": ["SelfSubjectAccessReview", "SubjectAccessReview"].map(createOnly),
};
function createOnly(kind: string): Resource {
  return {
    name: `${kind.toLowerCase()}s`,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ["create"],
  };
}

export const apiVersions: readonly string[] = [
  ...new Set([...all.map(({ apiVersion }) => apiVersion), ...Object.keys(virtual)]),
];

function subresources(kind: Kind): Resource[] {
  const extra: Resource[] = kind.subresources.map((subresource) =>
    subresource === "scale"
      ? {
          name: `${kind.plural}/scale`,
          singularName: "",
          namespaced: kind.namespaced,
          group: "autoscaling",
          version: "v1",
          kind: "Scale",
          verbs: ["get", "patch", "update"],
        }
      : {
          name: `${kind.plural}/${subresource}`,
          singularName: "",
          namespaced: kind.namespaced,
          kind: kind.kind,
          verbs: ["get", "patch", "update"],
        },
  );
  if (kind === kinds.Pod) {
    extra.push({ name: "pods/log", singularName: "", namespaced: true, kind: "Pod", verbs: ["get"] });
    extra.push({
      name: "pods/proxy",
      singularName: "",
      namespaced: true,
      kind: "PodProxyOptions",
      verbs: ["create", "delete", "get", "patch", "update"],
    });
  }
  if (kind === kinds.ServiceAccount)
    extra.push({
      name: "serviceaccounts/token",
      singularName: "",
      namespaced: true,
      group: "authentication.k8s.io",
      version: "v1",
      kind: "TokenRequest",
      verbs: ["create"],
    });
  return extra;
}

function resources(apiVersion: string): Resource[] {
  return [
    ...all
      .filter((kind) => kind.apiVersion === apiVersion)
      .flatMap((kind) => [
        {
          name: kind.plural,
          singularName: kind.singular,
          namespaced: kind.namespaced,
          kind: kind.kind,
          verbs,
          ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
          ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
        },
        ...subresources(kind),
      ]),
    ...(virtual[apiVersion] ?? []),
  ];
}

function groups(): { name: string; versions: string[] }[] {
  const byGroup = new Map<string, string[]>();
  for (const apiVersion of apiVersions) {
    const { group, version } = groupVersion(apiVersion);
    if (group !== "") byGroup.set(group, [...(byGroup.get(group) ?? []), version]);
  }
  return [...byGroup].map(([name, versions]) => ({ name, versions }));
}

function apiGroup(name: string, versions: readonly string[]): Record<string, unknown> {
  const listed = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: listed, preferredVersion: listed[0] };
}

const aggregatedAccept = /application\/json;[^,]*g=apidiscovery\.k8s\.io[^,]*/;
export const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Whether a client asks for the whole of discovery in one document (kubectl does). */
export function wantsAggregated(accept: string | undefined): boolean {
  const match = aggregatedAccept.exec(accept ?? "");
  return match !== null && /v=v2(;|$)/.test(match[0]) && match[0].includes("as=APIGroupDiscoveryList");
}

/** The discovery document at this path, or undefined. Shapes as in the Kubernetes API reference. */
export function discovery(pathname: string, address: string, aggregated: boolean): unknown {
  const path = pathname.replace(/\/$/, "");
  if (path === "/api")
    return aggregated
      ? aggregate(["v1"])
      : {
          kind: "APIVersions",
          versions: ["v1"],
          serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
        };
  if (path === "/apis") {
    return aggregated
      ? aggregate(apiVersions.filter((apiVersion) => apiVersion !== "v1"))
      : {
          kind: "APIGroupList",
          apiVersion: "v1",
          groups: groups().map(({ name, versions }) => apiGroup(name, versions)),
        };
  }
  const apiVersion = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))$/
    .exec(path)
    ?.slice(1)
    .find((part) => part !== undefined);
  if (apiVersion !== undefined && apiVersions.includes(apiVersion))
    return { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersion, resources: resources(apiVersion) };
  const group = groups().find(({ name }) => path === `/apis/${name}`);
  return group && { kind: "APIGroup", apiVersion: "v1", ...apiGroup(group.name, group.versions) };
}

function aggregate(versions: readonly string[]): unknown {
  const byGroup = new Map<string, unknown[]>();
  for (const apiVersion of versions) {
    const { group, version } = groupVersion(apiVersion);
    const listed = resources(apiVersion);
    const entry = {
      version,
      freshness: "Current",
      resources: listed
        .filter(({ name }) => !name.includes("/"))
        .map((resource) => ({
          ...discovered(resource, group, version),
          resource: resource.name,
          singularResource: resource.singularName,
          subresources: listed
            .filter(({ name }) => name.startsWith(`${resource.name}/`))
            .map((sub) => ({
              subresource: sub.name.slice(resource.name.length + 1),
              ...discovered(sub, group, version),
            })),
        })),
    };
    byGroup.set(group, [...(byGroup.get(group) ?? []), entry]);
  }
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: [...byGroup].map(([name, entries]) => ({ metadata: name === "" ? {} : { name }, versions: entries })),
  };
}

function discovered(resource: Resource, group: string, version: string): Record<string, unknown> {
  const { kind, namespaced, verbs: allowed, shortNames, categories } = resource;
  return {
    responseKind: { group: resource.group ?? group, version: resource.version ?? version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    verbs: allowed,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
  };
}
