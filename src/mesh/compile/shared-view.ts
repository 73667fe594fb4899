import { isDeepStrictEqual } from "node:util";
import { matchesLabels } from "../../objects/meta.ts";
import type { Mesh } from "./mesh.ts";
import { withLabels, type View } from "./view.ts";

type Labels = Readonly<Record<string, string>>;

/**
 * Of a proxy's own view, as much as any object tells apart: of its labels, those by which some selector chooses it. A
 * selector matches what is left exactly when it matches all labels, so that proxies with the same rest see the same, and
 * share it. A gateway keeps all of its labels.
 */
export function sharedViews({ graph, indexes, settings }: Mesh) {
  /** Everything by which objects choose among the workloads of a namespace, as far as outbound configuration goes. */
  const selectors = graph.family<string, readonly Labels[]>(
    "selectors of workloads",
    (namespace) => {
      const holding = [...new Set([settings.rootNamespace, namespace])];
      const found: (Labels | undefined)[] = [
        ...indexes.sidecarByNamespace(namespace).map(({ object }) => object.spec?.workloadSelector?.labels),
        ...holding.flatMap((entry) => [
          ...indexes.envoyFilterByNamespace(entry).map(({ object }) => object.spec?.workloadSelector?.labels),
          ...indexes.requestAuthenticationByNamespace(entry).map(({ object }) => object.spec?.selector?.matchLabels),
        ]),
        ...indexes
          .destinationRuleOfWorkloads(namespace)
          .map(({ object }) => object.spec?.workloadSelector?.matchLabels),
        ...indexes
          .virtualServiceOfWorkloads("")
          .flatMap(({ object }) => sourceLabels(object.spec))
          .filter((source) => source.namespace === undefined || source.namespace === namespace)
          .map(({ labels }) => labels),
      ];
      return found.filter((labels) => labels !== undefined);
    },
    { equal: isDeepStrictEqual },
  );

  return graph.family<View, View>(
    "shared view",
    (own) => {
      if (own.role === "router") return own;
      const used = new Set(
        selectors(own.namespace).flatMap((selector) =>
          matchesLabels(selector, own.labels) ? Object.keys(selector) : [],
        ),
      );
      return withLabels(own, Object.fromEntries(Object.entries(own.labels).filter(([key]) => used.has(key))));
    },
    { id: (view) => view.id, equal: (a, b) => a.id === b.id },
  );
}

interface Routes {
  http?: { match?: { sourceLabels?: Labels; sourceNamespace?: string }[] }[];
  tcp?: { match?: { sourceLabels?: Labels; sourceNamespace?: string }[] }[];
}

/** The callers that a VirtualService's routes choose by their labels. */
export function sourceLabels(spec: Routes | undefined): { labels: Labels; namespace: string | undefined }[] {
  return [...(spec?.http ?? []), ...(spec?.tcp ?? [])]
    .flatMap(({ match }) => match ?? [])
    .flatMap(({ sourceLabels: labels, sourceNamespace: namespace }) =>
      labels === undefined ? [] : [{ labels, namespace }],
    );
}
