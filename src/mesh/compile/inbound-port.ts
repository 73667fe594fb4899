import { isDeepStrictEqual } from "node:util";
import { matchesLabels } from "../../objects/meta.ts";
import type { Mesh } from "./mesh.ts";
import type { PortProtocol } from "./protocol.ts";
import type { Services } from "./service.ts";

/** A port that a workload serves: the number that endpoints carry, and what is spoken there. */
export interface InboundPort {
  readonly number: number;
  /** The port of the Service that leads there, where one does: Istio names the virtual host after it. */
  readonly servicePort: number;
  readonly protocol: PortProtocol;
  /** `namespace/host` of that Service; "" without one. */
  readonly service: string;
}

export interface InboundPortsKey {
  namespace: string;
  pod: string;
  labels: Readonly<Record<string, string>>;
  labelsKey: string;
  declared: readonly number[];
}

/** The ports that Services give a workload; others that it declares count as TCP. Where Services disagree, the oldest wins. */
export function inboundPorts(mesh: Mesh, services: Services) {
  const { graph, indexes } = mesh;
  return graph.family<InboundPortsKey, readonly InboundPort[]>(
    "inbound ports",
    ({ namespace, pod, labels, declared }) => {
      const named = (name: string) =>
        indexes
          .pod(`${namespace}/${pod}`)[0]
          ?.object.spec?.containers.flatMap((container) => container.ports ?? [])
          .find((port) => port.name === name)?.containerPort;
      const found = new Map<number, InboundPort>();
      const add = (number: number | undefined, protocol: PortProtocol, service = "", servicePort = number) => {
        if (number !== undefined && !found.has(number))
          found.set(number, { number, protocol, service, servicePort: servicePort ?? number });
      };
      for (const stored of indexes.serviceByNamespace(
        namespace,
        ({ object }) =>
          Object.keys(object.spec?.selector ?? {}).length > 0 && matchesLabels(object.spec?.selector, labels),
      )) {
        const service = services
          .byNamespace(namespace)
          .find((entry) => entry.kind === "Service" && entry.name === stored.name);
        for (const port of service?.ports ?? []) {
          const number = typeof port.targetPort === "number" ? port.targetPort : named(port.targetPort);
          add(number, port.protocol, service!.id, port.number);
        }
      }
      for (const number of declared) add(number, "tcp");
      return [...found.values()].sort((a, b) => a.number - b.number);
    },
    {
      id: ({ namespace, pod, labelsKey, declared }) => `${namespace}/${pod}|${labelsKey}|${declared.join(",")}`,
      equal: isDeepStrictEqual,
    },
  );
}
export type InboundPorts = ReturnType<typeof inboundPorts>;
