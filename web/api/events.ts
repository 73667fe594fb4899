import type { QueryClient } from "@tanstack/react-query";

/** The latest of many events in this time causes one round of reading. */
const gatherMs = 400;

/** Keeps what is shown fresh: the stream of changes says what is old, and each thing is then read again. Returns how to stop. */
export function followChanges(client: QueryClient, onState: (connected: boolean) => void): () => void {
  const stream = new EventSource("/api/v1/events");
  const stale = new Map<string, readonly unknown[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const mark = (...keys: (readonly unknown[])[]) => {
    for (const key of keys) stale.set(JSON.stringify(key), key);
    timer ??= setTimeout(() => {
      timer = undefined;
      const keys = [...stale.values()];
      stale.clear();
      for (const queryKey of keys) void client.invalidateQueries({ queryKey });
    }, gatherMs);
  };
  stream.addEventListener("open", () => onState(true));
  stream.addEventListener("error", () => onState(false));
  stream.addEventListener("change", (event: MessageEvent<string>) =>
    mark(...staleAfterChange(JSON.parse(event.data) as Change)),
  );
  stream.addEventListener("seen", (event: MessageEvent<string>) =>
    mark(...staleAfterSeen(JSON.parse(event.data) as SeenDelta)),
  );
  return () => {
    clearTimeout(timer);
    stream.close();
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
  if (kind === "Release") return [["apps"], ["app", name.replace(/-r\d+$/, "")]];
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
