import { once } from "node:events";
import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import type { Seen } from "../model/rows.ts";
import type { ObjectBody } from "../store/store.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";

const EventFields = closed({
  kinds: optional(Type.String({ description: "Only changes of these kinds, comma-separated. Default: all." })),
  after: optional(Type.String({ description: "As Last-Event-ID, for clients that can't set headers." })),
});
const heartbeatMs = 15_000;

interface Position {
  revision: number;
  seq: number;
}

/** `42.3`: the third change of revision 42. A revision alone stands for all of it. */
function positionOf(id: string): Position {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(id);
  if (match === null)
    throw new Problem("bad-request", "Last-Event-ID isn't one that this stream gave.", {
      field: "Last-Event-ID",
      found: id,
      accepted: "the id of an event",
    });
  return { revision: Number(match[1]), seq: match[2] === undefined ? Infinity : Number(match[2]) };
}

/**
 * One stream of deltas (https://html.spec.whatwg.org/multipage/server-sent-events.html): `change` for objects, with an id
 * to resume from; `seen` for observations, which have none, for the next one makes up for it.
 */
export function eventRoute(routes: Routes, { store, now }: ApiContext): void {
  routes.add(
    {
      method: "GET",
      path: "/api/v1/events",
      id: "events",
      summary: "Changes as they happen, as server-sent events",
      query: EventFields,
      headers: { "Last-Event-ID": "go on after this event" },
      answers: {
        200: {
          description:
            "`event: change` {kind, name, revision, object or null}; `event: seen` {cluster, applied, ready of apps that changed, drifting, unhealthy (how many)}.",
          schema: Type.String(),
          type: "text/event-stream",
        },
      },
    },
    {},
    async ({ query, principal, request, reply }) => {
      requireRole(principal, "read", { kind: "*" });
      const header = request.headers["last-event-id"];
      const id = typeof header === "string" && header !== "" ? header : query.after;
      const revision = await store.read((tx) => tx.revision());
      const from = id === undefined ? { revision, seq: Infinity } : positionOf(id);
      const kinds = query.kinds === undefined ? undefined : new Set(query.kinds.split(","));
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        connection: "keep-alive",
      });
      const stop = new AbortController();
      raw.on("close", () => stop.abort());
      const send = async (event: string, data: unknown, at?: string): Promise<void> => {
        if (stop.signal.aborted) return;
        if (!raw.write(`${at === undefined ? "" : `id: ${at}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
          await once(raw, "drain", { signal: stop.signal }).catch(() => undefined);
      };
      const sent = new Map<string, Seen>(store.seen());
      // Only the latest of each cluster waits to be sent, however slow the reader is.
      const pending = new Map<string, Seen>();
      let sending = false;
      const stopSeen = store.onSeen((seen) => {
        pending.set(seen.cluster, seen);
        if (sending) return;
        sending = true;
        void (async () => {
          for (let next = pending.values().next(); next.done !== true; next = pending.values().next()) {
            pending.delete(next.value.cluster);
            const delta = seenDelta(sent.get(next.value.cluster), next.value, now());
            sent.set(next.value.cluster, next.value);
            if (delta !== undefined) await send("seen", delta);
          }
          sending = false;
        })();
      });
      const heartbeat = setInterval(() => {
        raw.write(": still here\n\n");
      }, heartbeatMs);
      try {
        await send("hello", { revision });
        for await (const change of store.watch(
          from.seq === Infinity ? from.revision : from.revision - 1,
          stop.signal,
        )) {
          if (change.revision === from.revision && change.seq <= from.seq) continue;
          if (change.scope !== "object" || (kinds !== undefined && !kinds.has(change.kind))) continue;
          await send(
            "change",
            {
              kind: change.kind,
              name: change.name,
              revision: change.revision,
              object: withRevision(change.body as ObjectBody | null, change.revision),
            },
            `${change.revision}.${change.seq}`,
          );
        }
      } catch (error) {
        if (!stop.signal.aborted) request.log.warn({ err: error }, "event stream ended");
      } finally {
        clearInterval(heartbeat);
        stopSeen();
        raw.end();
      }
    },
  );
}

function withRevision(body: ObjectBody | null, revision: number): ObjectBody | null {
  return body && { ...body, metadata: { ...body.metadata, resourceVersion: String(revision) } };
}

/** What is new since the observation that was sent before; undefined when that is nothing but its age. */
export function seenDelta(before: Seen | undefined, after: Seen, now: number): Record<string, unknown> | undefined {
  const apps = new Set([...Object.keys(before?.ready ?? {}), ...Object.keys(after.ready)]);
  const ready = Object.fromEntries(
    [...apps]
      .filter((app) => JSON.stringify(before?.ready[app]) !== JSON.stringify(after.ready[app]))
      .map((app) => [app, after.ready[app] ?? null]),
  );
  const problemOf = (seen: Seen | undefined) => seen?.error ?? seen?.trouble ?? null;
  const driftOf = (seen: Seen | undefined) =>
    JSON.stringify((seen?.drift ?? []).map(({ at: _, healedAt, ...each }) => [each, healedAt !== undefined]));
  const same =
    before?.applied === after.applied &&
    problemOf(before) === problemOf(after) &&
    (before?.drifting ?? 0) === (after.drifting ?? 0) &&
    driftOf(before) === driftOf(after) &&
    JSON.stringify(before?.unhealthy) === JSON.stringify(after.unhealthy);
  if (Object.keys(ready).length === 0 && same) return undefined;
  return {
    cluster: after.cluster,
    applied: after.applied,
    ageMs: Math.max(0, now - after.at),
    ready,
    error: problemOf(after),
    drifting: after.drifting ?? 0,
    unhealthy: after.unhealthy?.count ?? 0,
  };
}
