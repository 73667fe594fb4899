import { kinds } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { ObjectStore } from "./object-store.ts";

/** As a kube-apiserver's --event-ttl. */
export const eventTtlMs = 3_600_000;
export const maxEvents = 10_000;

type Event = KubeObject & { lastTimestamp?: string; eventTime?: string };

const time = (event: Event): number =>
  Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? "") || 0;

/** Deletes Events not seen for an hour, then the oldest above `maxEvents`. */
export function expireEvents(store: ObjectStore, now: Date): void {
  const events = store.list<Event>(kinds.Event).items.toSorted((a, b) => time(a) - time(b));
  const old = events.filter((event) => now.getTime() - time(event) > eventTtlMs).length;
  for (const { metadata } of events.slice(0, Math.max(old, events.length - maxEvents)))
    store.delete(kinds.Event, metadata.namespace, metadata.name);
}
