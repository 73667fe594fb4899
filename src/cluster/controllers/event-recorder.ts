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

/** Writes events (the store forgets them in time); the same one is counted, not repeated. Events must never stop what they tell of: failures to write are dropped. */
export function eventRecorder(objects: ClusterObjects, component: string, now: () => number): RecordEvent {
  return (about, type, reason, message) => {
    const { name, namespace = "default", uid } = about.metadata;
    const key = createHash("sha256")
      .update([about.kind, namespace, name, uid, type, reason, message].join("\0"))
      .digest("hex")
      .slice(0, 16);
    const time = new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
    try {
      const before = objects.get<EventObject>("Event", namespace, `${name}.${key}`);
      if (before !== undefined)
        objects.update<EventObject>({ ...before, count: before.count + 1, lastTimestamp: time });
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
          count: 1,
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
