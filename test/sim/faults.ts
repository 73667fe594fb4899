import type { VirtualClock } from "./clock.ts";
import type { SimCluster } from "./cluster.ts";
import type { PodSet } from "./pods.ts";
import type { Fault } from "./events.ts";
import type { Messages } from "./messages.ts";
import type { Proxy } from "./proxy.ts";
import type { Server } from "./server.ts";
import { imageIn, truthOf } from "./truth.ts";

export interface World {
  clock: VirtualClock;
  clusters: ReadonlyMap<string, SimCluster>;
  server: Server;
  messages: Messages;
  quiet: Set<string>;
}

function chosen<T>(list: Iterable<T>, pick: number): T | undefined {
  const all = [...list];
  return all[pick % Math.max(1, all.length)];
}

/** Something goes wrong, and well again after its time. */
export function inflict(world: World, fault: Fault): void {
  const { clock, server, messages, quiet } = world;
  if (fault.fault === "crash") return server.doom(fault.writes, fault.when, fault.downMs);
  const well = (then: () => void): void => void clock.after((fault as { forMs: number }).forMs, then);
  if (fault.fault === "quiet") {
    quiet.add(fault.app);
    return well(() => quiet.delete(fault.app));
  }
  if (fault.fault === "messages") {
    Object.assign(messages, { lost: fault.lost, repeated: fault.repeated, lateMs: fault.lateMs });
    return well(() => Object.assign(messages, { lost: 0, repeated: 0, lateMs: 0 }));
  }
  const cluster = world.clusters.get(fault.cluster)!;
  switch (fault.fault) {
    case "contact":
      cluster.setContact(false);
      return well(() => cluster.setContact(true));
    case "capacity":
      cluster.capacity = fault.pods;
      return well(() => {
        cluster.capacity = Infinity;
        cluster.fill();
      });
    case "lie":
      cluster.lies.set(fault.app, fault.lie);
      cluster.report();
      return well(() => {
        cluster.lies.delete(fault.app);
        cluster.report();
      });
    case "deaf":
      cluster.deaf = true;
      return well(() => (cluster.deaf = false));
    case "pods": {
      const pods = chosen(cluster.pods.values(), fault.pick);
      if (pods !== undefined && !crashesAnyway(cluster, pods)) cluster.crash(pods, fault.forMs);
      return;
    }
    default:
      return onProxy(world, cluster, fault, well);
  }
}

function onProxy(
  { clock }: World,
  cluster: SimCluster,
  fault: Extract<Fault, { fault: "hold" | "reject" | "disconnect" | "replace" }>,
  well: (then: () => void) => void,
): void {
  const proxy = chosen<Proxy>(cluster.proxies, fault.pick);
  if (proxy === undefined) return;
  switch (fault.fault) {
    case "replace":
      return cluster.replace(proxy);
    case "disconnect":
      cluster.disconnect(proxy, clock.now(), fault.certificateMs);
      return well(() => cluster.reconnect(proxy));
    case "hold":
      proxy.held = true;
      break;
    case "reject":
      proxy.rejecting = true;
      break;
  }
  well(() => {
    Object.assign(proxy, { held: false, rejecting: false });
    cluster.push(proxy);
  });
}

function crashesAnyway(cluster: SimCluster, { hash }: PodSet): boolean {
  return truthOf(imageIn(cluster.views.pods, hash)) === "crash";
}

/** Everything is well from now on. */
export function heal({ clusters, server, messages, quiet }: World): void {
  server.spare();
  Object.assign(messages, { lost: 0, repeated: 0, lateMs: 0 });
  quiet.clear();
  for (const cluster of clusters.values()) {
    Object.assign(cluster, { capacity: Infinity, deaf: false });
    cluster.lies.clear();
    for (const pods of cluster.pods.values()) if (pods.crashed && !crashesAnyway(cluster, pods)) pods.crashed = false;
    for (const proxy of cluster.proxies)
      if (!proxy.connected || proxy.held || proxy.rejecting) cluster.reconnect(proxy);
    cluster.fill();
    cluster.setContact(true);
  }
}
