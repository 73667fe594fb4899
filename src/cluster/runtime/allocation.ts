import type { Pod } from "../../objects/core.ts";
import { maxPods, nextIndex, parseCallees, podAddress, type Callee } from "./addresses.ts";
import { PodProblem } from "./pod-problem.ts";

/** The places a pod has on this machine. Written down before anything is spawned, kept until the pod is gone. */
export interface Allocation {
  uid: string;
  namespace: string;
  name: string;
  index: number;
  ip: string;
  /** Declared port → the private port on which the app itself listens. */
  ports: { name: string; port: number; privatePort: number }[];
  callees: Callee[];
}

export interface Places {
  network: string;
  /** First and last private port, both usable. */
  portRange: readonly [number, number];
  /** Allocations of all other pods of the cluster. */
  others: Iterable<Allocation>;
  /** The index given last, and the private port given last. */
  last: { index: number; port: number };
  /** True when nothing listens on the port. */
  isFree(port: number): Promise<boolean>;
}

/** Gives a pod its index, addresses and private ports; `calls` lists its declared callees. Throws PodProblem OutOfPods or OutOfPorts. */
export async function allocate(pod: Pod, calls: string | undefined, places: Places): Promise<Allocation> {
  const others = [...places.others];
  const index = nextIndex(new Set(others.map((other) => other.index)), places.last.index);
  if (index === undefined) throw new PodProblem("OutOfPods", `all ${maxPods} pod addresses of the cluster are in use`);
  const taken = new Set(others.flatMap((other) => other.ports.map((port) => port.privatePort)));
  const ports: Allocation["ports"] = [];
  for (const { name, containerPort } of declaredPorts(pod)) {
    const privatePort = await freePort(places, taken);
    taken.add(privatePort);
    ports.push({ name, port: containerPort, privatePort });
  }
  const { uid = "", namespace = "", name } = pod.metadata;
  return {
    uid,
    namespace,
    name,
    index,
    ip: podAddress(places.network, index),
    ports,
    callees: parseCallees(calls, places.network, index),
  };
}

/** TCP ports of the app's containers in declared order; an unnamed one is called `port-NUMBER`. */
export function declaredPorts(pod: Pod): { name: string; containerPort: number }[] {
  return (pod.spec?.containers ?? [])
    .filter((container) => container.name !== sidecarName)
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.protocol ?? "TCP") === "TCP")
    .map((port) => ({ name: port.name ?? `port-${port.containerPort}`, containerPort: port.containerPort }));
}

/** The container that Istio's injection adds, and the only one of a gateway's pod. */
export const sidecarName = "istio-proxy";

async function freePort(places: Places, taken: ReadonlySet<number>): Promise<number> {
  const [from, to] = places.portRange;
  const count = to - from + 1;
  // Going round rather than always from the start: a port just given up isn't handed to another app at once.
  for (let step = 1; step <= count; step++) {
    const port = from + ((((places.last.port - from + step) % count) + count) % count);
    if (taken.has(port)) continue;
    if (await places.isFree(port)) {
      places.last.port = port;
      return port;
    }
  }
  throw new PodProblem("OutOfPorts", `no private port from ${from} to ${to} is free`);
}
