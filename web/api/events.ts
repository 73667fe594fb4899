import type { QueryClient } from "@tanstack/react-query";

/** The latest of many events in this time causes one round of reading. */
const gatherMs = 400;

/** A stream that the server refused is not opened again by the browser itself. */
const openAgainMs = 3_000;
/** Nor is one whose request hangs: an attempt that neither succeeds nor fails in this time is given up for another. */
const stuckMs = 10_000;

/** Keeps what is shown fresh: the stream of changes says what is old, and each thing is then read again. Returns how to stop. */
export function followChanges(client: QueryClient, onState: (connected: boolean) => void): () => void {
  const stale = new Map<string, readonly unknown[]>();
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let stream: EventSource | undefined;
  const mark = (keys: readonly (readonly unknown[])[]) => {
    for (const key of keys) stale.set(JSON.stringify(key), key);
    gathering ??= setTimeout(() => {
      gathering = undefined;
      const gathered = [...stale.values()];
      stale.clear();
      for (const queryKey of gathered) void client.invalidateQueries({ queryKey });
    }, gatherMs);
  };
  const open = (first: boolean) => {
    const opened = new EventSource("/api/v1/events");
    stream = opened;
    let lost = !first;
    const openAgainIn = (ms: number) => {
      clearTimeout(again);
      again = setTimeout(() => {
        opened.close();
        open(false);
      }, ms);
    };
    openAgainIn(stuckMs);
    opened.addEventListener("open", () => {
      clearTimeout(again);
      onState(true);
      // Observations have no ids to resume from: what was missed is read again.
      if (lost) void client.invalidateQueries();
      lost = false;
    });
    opened.addEventListener("error", () => {
      lost = true;
      onState(false);
      openAgainIn(opened.readyState === EventSource.CLOSED ? openAgainMs : stuckMs);
    });
    opened.addEventListener("change", (event: MessageEvent<string>) =>
      mark(staleAfterChange(JSON.parse(event.data) as Change)),
    );
    opened.addEventListener("seen", (event: MessageEvent<string>) =>
      mark(staleAfterSeen(JSON.parse(event.data) as SeenDelta)),
    );
  };
  open(true);
  return () => {
    clearTimeout(gathering);
    clearTimeout(again);
    stream?.close();
  };
}

export interface Change {
  kind: string;
  name: string;
}
export interface SeenDelta {
  cluster: string;
  ready: Record<string, unknown>;
}

/** Query keys that a change makes old. */
export function staleAfterChange({ kind, name }: Change): (readonly unknown[])[] {
  if (kind === "App") return [["apps"], ["app", name]];
  if (kind === "Release") return [["apps"], ["fleet"], ["app", name.replace(/-r\d+$/, "")]];
  if (kind === "Cluster") return [["clusters"], ["cluster", name], ["names", "clusters"]];
  if (kind === "Team" || kind === "Segment") return [["names", `${kind.toLowerCase()}s`]];
  return [];
}

export function staleAfterSeen({ cluster, ready }: SeenDelta): (readonly unknown[])[] {
  const apps = Object.keys(ready);
  return [
    ["clusters"],
    ["cluster", cluster],
    ...(apps.length > 0 ? [["apps"]] : []),
    ...apps.map((app) => ["app", app] as const),
  ];
}
