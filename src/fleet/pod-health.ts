/** What is wrong with a pod, in words, and how many pods of each app and revision are ready. */
import type { Pod } from "../objects/core.ts";
import type { KubeObject, ObjectMeta } from "../objects/meta.ts";
import type { Seen } from "../model/rows.ts";
import { revisionLabel } from "../render/names.ts";

/** Longer messages of a runtime are cut: this goes to every page that shows the app. */
const longest = 300;

/** What is kept of a pod. */
export interface PodView extends KubeObject {
  app: string;
  revision: string;
  ready: boolean;
  /** Counts as one of the app's pods. */ counts: boolean;
  reason?: string;
  severity: number;
}

/** For a reflector's `keep`. */
export function podView(pod: Pod): PodView {
  const { name, namespace, uid, resourceVersion, labels } = pod.metadata;
  const metadata: ObjectMeta = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const ready = isReady(pod);
  const problem = ready ? undefined : podProblem(pod);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    app: labels?.["app"] ?? "",
    revision: labels?.[revisionLabel] ?? "",
    ready,
    // Pods that are on their way out, or have ended, are nobody's capacity.
    counts:
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.phase !== "Succeeded" &&
      pod.status?.phase !== "Failed",
    severity: problem?.severity ?? 0,
    ...(problem ? { reason: problem.reason } : {}),
  };
}

export function isReady(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True")
  );
}

/** The most telling reason why a pod isn't ready. Higher severity: less likely to pass by itself. */
export function podProblem(pod: Pod): { reason: string; severity: number } {
  const found: { reason: string; severity: number }[] = [];
  const add = (severity: number, ...parts: (string | undefined)[]): void => {
    const reason = parts.filter((part) => part !== undefined && part !== "").join(": ");
    found.push({ severity, reason: reason.length > longest ? `${reason.slice(0, longest - 1)}…` : reason });
  };
  const condition = (type: string) =>
    pod.status?.conditions?.find((each) => each.type === type && each.status === "False");
  // A probe's complaint stands in the pod's condition where the cluster is ours; Kubernetes tells it in events alone.
  const notReady = condition("Ready");
  // Which containers aren't ready is told by their statuses; what follows the list isn't.
  const complaint = notReady?.message?.replace(/^containers with unready status: \[[^\]]*\](: )?/, "");
  for (const { name, state, lastState } of pod.status?.initContainerStatuses ?? []) {
    const ended = state?.terminated ?? lastState?.terminated;
    const end = ended && ended.exitCode !== 0 ? endText(ended) : undefined;
    if (state?.waiting && !ordinary.has(state.waiting.reason ?? ""))
      add(5, `init container ${name} ${state.waiting.reason ?? "waiting"}`, end, state.waiting.message);
    else if (end !== undefined) add(4, `init container ${name} ${end}`, ended?.message);
  }
  for (const { name, state, lastState, ready, restartCount } of pod.status?.containerStatuses ?? []) {
    const ended = state?.terminated ?? lastState?.terminated;
    const end = ended && endText(ended);
    const more =
      ended?.message ?? (ended?.reason === "Error" || ended?.reason === "Completed" ? undefined : ended?.reason);
    const who = (pod.status?.containerStatuses?.length ?? 0) > 1 ? `${name} ` : "";
    if (state?.waiting?.reason === "CrashLoopBackOff")
      add(5, `${who}CrashLoopBackOff`, end, more ?? state.waiting.message);
    else if (state?.waiting && !ordinary.has(state.waiting.reason ?? ""))
      add(5, `${who}${state.waiting.reason ?? "waiting"}`, state.waiting.message);
    else if (state?.terminated) add(4, `${who}${end}`, more);
    else if (state?.running && !ready)
      if (restartCount > 0 && end)
        add(
          3.8,
          `${who}not ready after ${restartCount} ${restartCount === 1 ? "restart" : "restarts"}`,
          end,
          more,
          complaint,
        );
      else add(3, `${who}not ready`);
  }
  const unscheduled = condition("PodScheduled");
  if (unscheduled) add(4, unscheduled.reason ?? "Unschedulable", unscheduled.message);
  if (notReady && complaint)
    add(3.5, notReady.reason === "ContainersNotReady" ? "not ready" : notReady.reason, complaint);
  if (pod.status?.reason) add(4, pod.status.reason, pod.status.message);
  add(1, "starting");
  return found.reduce((worst, each) => (each.severity > worst.severity ? each : worst));
}

/** What a container waits for in the ordinary way. */
const ordinary: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

function endText({ signal, exitCode }: { signal?: number; exitCode: number }): string {
  return signal ? `killed by signal ${signal}` : `exited with code ${exitCode}`;
}

export type ReadyPods = Seen["ready"];

/** Counts that follow pods one by one. A group is counted when somebody asks: with a list, thousands of its pods come at once. */
export class PodCounts {
  readonly #groups = new Map<string, Map<string, Map<string, PodView>>>();
  /** App → revisions whose pods have changed since they were counted. */
  readonly #uncounted = new Map<string, Set<string>>();
  #ready: ReadyPods = {};

  /** Replaced, never changed in place: whoever holds one keeps it. */
  get ready(): ReadyPods {
    if (this.#uncounted.size === 0) return this.#ready;
    const ready = { ...this.#ready };
    for (const [app, changed] of this.#uncounted) {
      const counts = { ...ready[app] };
      for (const revision of changed) {
        const count = this.#count(app, revision);
        if (count === undefined) delete counts[revision];
        else counts[revision] = count;
      }
      if (Object.keys(counts).length === 0) delete ready[app];
      else ready[app] = counts;
    }
    this.#uncounted.clear();
    this.#ready = ready;
    return ready;
  }

  put(pod: PodView): void {
    if (pod.app === "" || pod.revision === "") return;
    const app = getOrMake(this.#groups, pod.app);
    getOrMake(app, pod.revision).set(idOf(pod), pod);
    this.#changed(pod);
  }

  remove(pod: PodView): void {
    if (this.#groups.get(pod.app)?.get(pod.revision)?.delete(idOf(pod))) this.#changed(pod);
  }

  #changed({ app, revision }: PodView): void {
    const known = this.#uncounted.get(app);
    if (known === undefined) this.#uncounted.set(app, new Set([revision]));
    else known.add(revision);
  }

  /** Undefined: it has no pods that count. */
  #count(app: string, revision: string): ReadyPods[string][string] | undefined {
    const revisions = this.#groups.get(app)!;
    const all = revisions.get(revision)!;
    if (all.size === 0) revisions.delete(revision);
    if (revisions.size === 0) this.#groups.delete(app);
    const pods = [...all.values()].filter(({ counts }) => counts);
    if (pods.length === 0) return undefined;
    const worst = pods
      .filter(({ ready }) => !ready)
      .reduce<PodView | undefined>((most, pod) => (most === undefined || isWorse(pod, most) ? pod : most), undefined);
    return {
      ready: pods.filter(({ ready }) => ready).length,
      total: pods.length,
      ...(worst?.reason === undefined ? {} : { reason: worst.reason }),
    };
  }
}

/** Of two that are equally bad the one of the lesser name, so that what is told doesn't change without a cause. */
function isWorse(a: PodView, b: PodView): boolean {
  return a.severity === b.severity ? a.metadata.name < b.metadata.name : a.severity > b.severity;
}

function idOf({ metadata }: PodView): string {
  return `${metadata.namespace}/${metadata.name}`;
}
function getOrMake<V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const found = map.get(key) ?? new Map<string, V>();
  map.set(key, found);
  return found;
}
