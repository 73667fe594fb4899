/** How a cluster's /16 of loopback is divided; see "Addresses" in ARCHITECTURE.md. `network` is `127.17`. */

/** The cluster's own address: Kubernetes API, rate-limit service. */
export function controlAddress(network: string): string {
  return `${network}.0.1`;
}

/** Pod `index` (1 to 254) has the address of its sidecar, which is the pod IP. */
export function podAddress(network: string, index: number): string {
  return `${network}.${index}.1`;
}

/** Addresses `.2` and up stand for a pod's callees, in the order they are declared; at most 253. */
export function calleeAddress(network: string, index: number, position: number): string {
  return `${network}.${index}.${position + 2}`;
}

export const maxPods = 254;
export const maxCallees = 253;

/** The least free pod index after `last`, going round, so that an address isn't used again at once. Undefined when all are taken. */
export function nextIndex(taken: ReadonlySet<number>, last: number): number | undefined {
  for (let step = 1; step <= maxPods; step++) {
    const index = ((last + step - 1) % maxPods) + 1;
    if (!taken.has(index)) return index;
  }
  return undefined;
}

/** The annotation that lists declared calls: a Deployment's, so that a new call makes no new pods. */
export const callsAnnotation = "quipu.dev/calls";

export interface Callee {
  app: string;
  segment: string;
  host: string;
  address: string;
}

/** `ledger.money, catalog.food` → callees with an address each. Entries that aren't `app.segment` and repetitions are left out. */
export function parseCallees(calls: string | undefined, network: string, index: number): Callee[] {
  const names = [
    ...new Set(
      (calls ?? "")
        .split(",")
        .map((entry) => entry.trim())
        .filter((entry) => /^[a-z0-9-]+\.[a-z0-9-]+$/.test(entry)),
    ),
  ];
  return names.slice(0, maxCallees).map((name, position) => {
    const [app = "", segment = ""] = name.split(".");
    return {
      app,
      segment,
      host: `${app}.${segment}.svc.cluster.local`,
      address: calleeAddress(network, index, position),
    };
  });
}
