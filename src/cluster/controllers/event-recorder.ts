import { createHash } from "node:crypto";
import type { KubeObject } from "../../objects/meta.ts";
import type { ClusterObjects } from "./cluster-objects.ts";

/** Kubernetes' Event (core v1): what happened to an object, counted when it happens again. */
export type EventObject = KubeObject & {
  involvedObject: { apiVersion: string; kind: string; name: string; namespace?: string; uid?: string };
  reason: string;
  message: string;
  type: "Normal" | "Warning";
  count: number;
  firstTimestamp: string;
  lastTimestamp: string;
  source: { component: string; host?: string };
};

export type RecordEvent = (about: KubeObject, type: "Normal" | "Warning", reason: string, message: string) => void;

/** The same event is written at most this often; what comes in between is counted. */
const writeMs = 5000;
/** How many events the counts in between are remembered of. */
const remembered = 1000;

/** Writes events (the store forgets them in time); the same one is counted, not repeated. Events must never stop what they tell of: failures to write are dropped. */
export function eventRecorder(objects: ClusterObjects, component: string, now: () => number): RecordEvent {
  const recent = new Map<string, { writtenAt: number; unwritten: number }>();
  return (about, type, reason, message) => {
    const { name, namespace = "default", uid } = about.metadata;
    const key = createHash("sha256")
      .update([about.kind, namespace, name, uid, type, reason, message].join("\0"))
      .digest("hex")
      .slice(0, 16);
    const last = recent.get(key);
    if (last !== undefined && now() - last.writtenAt < writeMs) {
      last.unwritten++;
      return;
    }
    recent.delete(key);
    recent.set(key, { writtenAt: now(), unwritten: 0 });
    if (recent.size > remembered) recent.delete(recent.keys().next().value!);
    const count = 1 + (last?.unwritten ?? 0);
    const time = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    try {
      const before = objects.get<EventObject>("Event", namespace, `${name}.${key}`);
      if (before !== undefined)
        objects.update<EventObject>({ ...before, count: before.count + count, lastTimestamp: time });
      else {
        objects.create<EventObject>({
          apiVersion: "v1",
          kind: "Event",
          metadata: { name: `${name}.${key}`, namespace },
          involvedObject: {
            apiVersion: about.apiVersion,
            kind: about.kind,
            name,
            namespace,
            ...(uid !== undefined && { uid }),
          },
          reason,
          message,
          type,
          count,
          firstTimestamp: time,
          lastTimestamp: time,
          source: { component },
        });
      }
    } catch {
      // The namespace may be going away under us.
    }
  };
}
