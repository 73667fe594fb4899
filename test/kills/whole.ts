import { expect } from "vitest";
import type { FoundProcess } from "../../src/cluster/runtime/process-scan.ts";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { ownProcesses } from "../../src/process/proc.ts";
import { isReady } from "../../src/cluster/controllers/pod-state.ts";
import { eventually } from "../harness/eventually.ts";
import type { TestFleet } from "../harness/fleet.ts";

/** The first process of a role: what it may have forked itself doesn't lead a session. */
export function leader(fleet: TestFleet, role: string): FoundProcess | undefined {
  return ownProcesses(fleet.fleet.id).find((found) => found.role === role && found.session === found.pid);
}

/** `kill -9` of the process of a role; waits until there is one. Returns its pid. */
export async function killRole(fleet: TestFleet, role: string): Promise<number> {
  const { pid } = await eventually(() => {
    const found = leader(fleet, role);
    if (found === undefined) throw new Error(`no process is ${role}\n${fleet.output.slice(-2000)}`);
    return found;
  });
  process.kill(pid, "SIGKILL");
  return pid;
}

export async function podsOf(fleet: TestFleet, labelSelector?: string): Promise<Pod[]> {
  const kube = fleet.kube();
  try {
    return (await kube.list<Pod>(kinds.Pod, labelSelector === undefined ? {} : { labelSelector })).items;
  } finally {
    await kube.close();
  }
}

export async function deletePod(fleet: TestFleet, { metadata }: Pod): Promise<void> {
  const kube = fleet.kube();
  try {
    await kube.delete(kinds.Pod, metadata);
  } finally {
    await kube.close();
  }
}

/** Times that a container of the pod was started again. */
export function restarts(pod: Pod, container: (name: string) => boolean): number {
  return pod.status?.containerStatuses?.find(({ name }) => container(name))?.restartCount ?? 0;
}
export const isSidecar = (name: string): boolean => name === "istio-proxy";
export const isApp = (name: string): boolean => !isSidecar(name);

/** Every pod is there for good and ready, the server is, and each role has exactly one process; waits for it. */
export async function expectWhole(fleet: TestFleet, timeoutMs = 60_000): Promise<Pod[]> {
  return eventually(
    async () => {
      await fleet.client.get("/readyz");
      const pods = await podsOf(fleet);
      // Each cluster has its gateway at least.
      expect(pods.length).toBeGreaterThan(0);
      expect(
        pods
          .filter((pod) => !isReady(pod) || pod.metadata.deletionTimestamp !== undefined)
          .map(({ metadata }) => metadata.name),
      ).toEqual([]);
      const perCluster = fleet.fleet.clusters.flatMap(({ name }) => [`cluster/${name}`, `mesh/${name}`]);
      const cluster = fleet.fleet.clusters[0]?.name;
      const perPod = pods.flatMap(({ metadata, spec }) =>
        (spec?.containers ?? []).map(({ name }) => `${isSidecar(name) ? "sidecar" : "app"}/${cluster}/${metadata.uid}`),
      );
      expect(
        ownProcesses(fleet.fleet.id)
          .map(({ role }) => role)
          .sort(),
      ).toEqual(["server", ...perCluster, ...perPod].sort());
      return pods;
    },
    timeoutMs,
    200,
  );
}

/** The pids of pods' processes. */
export function podPids(fleet: TestFleet): number[] {
  return ownProcesses(fleet.fleet.id)
    .filter(({ role }) => /^(app|sidecar)\//.test(role))
    .map(({ pid }) => pid)
    .sort();
}

/** Address → requests that failed there, as a pod's Envoy counts them, of the endpoints of an app that it would use. */
export async function endpoints(fleet: TestFleet, caller: Pod, app: string): Promise<Map<string, number>> {
  const kube = fleet.kube();
  try {
    const { namespace, name } = caller.metadata;
    const { body } = await kube.raw(`/api/v1/namespaces/${namespace}/pods/${name}:15000/proxy/clusters`, {
      timeoutMs: 2000,
    });
    const lines = [
      ...body.matchAll(
        new RegExp(`^outbound\\|80\\|[^|]*\\|${app}\\.[^:]*::([\\d.]+):\\d+::(rq_error|health_flags)::(.*)$`, "gm"),
      ),
    ];
    const down = new Set(
      lines
        .filter(([, , name, value]) => name === "health_flags" && value?.includes("failed_eds_health"))
        .map(([, ip]) => ip),
    );
    const counts = new Map<string, number>();
    for (const [, ip, name, value] of lines)
      if (name === "rq_error" && !down.has(ip))
        counts.set(ip as string, (counts.get(ip as string) ?? 0) + Number(value));
    return counts;
  } finally {
    await kube.close();
  }
}
