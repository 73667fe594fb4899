import type { ServerResponse } from "node:http";
import type { Kind } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import { ApiError } from "./api-error.ts";
import type { ObjectStore, Selection } from "./object-store.ts";
import { table, type IncludeObject } from "./tables.ts";

export interface WatchRequest {
  kind: Kind;
  selection: Selection;
  resourceVersion: string | undefined;
  allowWatchBookmarks: boolean;
  sendInitialEvents: boolean;
  timeoutSeconds: number | undefined;
  asTable: boolean;
  includeObject: IncludeObject;
}

const bookmarkMs = 60_000;
/** A client that doesn't read is cut off rather than buffered for without end; it lists and watches again. */
const maxBuffered = 64 * 1024 * 1024;

// One change goes to many watchers: it is encoded once.
const encoded = new WeakMap<KubeObject, string>();
function encode(object: KubeObject): string {
  let text = encoded.get(object);
  if (text === undefined) encoded.set(object, (text = JSON.stringify(object)));
  return text;
}

/**
 * Streams watch events (one JSON document a line) until the client goes, `timeoutSeconds` pass or `stopped` aborts.
 * Without a resourceVersion, or with `0`, what exists comes first as ADDED. A version that can't be continued from
 * gives one ERROR event with a Status of 410, as a kube-apiserver does.
 */
export function streamWatch(
  store: ObjectStore,
  request: WatchRequest,
  response: ServerResponse,
  now: () => Date,
  stopped: AbortSignal,
): void {
  const { kind, selection, resourceVersion, allowWatchBookmarks, sendInitialEvents, asTable, includeObject } = request;
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  let stop = (): void => {};
  let allowance = maxBuffered;
  let headers = true;
  const tableOf = (objects: KubeObject[], resourceVersion: string | undefined): Record<string, unknown> => {
    const shown = table(kind, objects, { resourceVersion }, now(), includeObject, headers);
    headers = false;
    return shown;
  };
  const line = (type: string, object: string): void => {
    if (response.destroyed || response.writableEnded) return;
    response.write(`{"type":"${type}","object":${object}}\n`);
    if (response.writableLength > allowance) end(true);
  };
  const event = (type: string, object: KubeObject): void =>
    line(type, asTable ? JSON.stringify(tableOf([object], object.metadata.resourceVersion)) : encode(object));
  const bookmark = (annotations?: Record<string, string>): void => {
    const metadata = {
      resourceVersion: String(store.revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    const object = { kind: kind.kind, apiVersion: kind.apiVersion, metadata };
    // In a table the bookmark is a row without cells, whose object says where the stream stands.
    line(
      "BOOKMARK",
      JSON.stringify(asTable ? { ...tableOf([], metadata.resourceVersion), rows: [{ cells: [], object }] } : object),
    );
  };
  const timers: NodeJS.Timeout[] = [];
  const end = (cut = false): void => {
    stop();
    for (const timer of timers) clearInterval(timer);
    stopped.removeEventListener("abort", onStop);
    if (cut) response.destroy();
    else response.end();
  };
  const onStop = (): void => end();
  stopped.addEventListener("abort", onStop);
  response.once("close", () => end(true));
  try {
    let after = resourceVersion;
    // What is there is sent at once, however much it is; the allowance is for what comes after it.
    allowance = Infinity;
    if (sendInitialEvents || after === undefined || after === "0") {
      const list = store.list(kind, selection);
      for (const object of list.items) event("ADDED", object);
      after = list.resourceVersion;
      if (sendInitialEvents && allowWatchBookmarks) bookmark({ "k8s.io/initial-events-end": "true" });
    }
    allowance = maxBuffered + response.writableLength;
    stop = store.watch(kind, { ...selection, resourceVersion: after }, ({ type, object }) => event(type, object));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    line("ERROR", JSON.stringify(error.toStatus()));
    end();
    return;
  }
  if (response.destroyed) return end(true);
  if (allowWatchBookmarks) timers.push(setInterval(() => bookmark(), bookmarkMs));
  // Half an hour to an hour when the client doesn't say, spread so that watches don't all end together.
  const seconds = request.timeoutSeconds ?? 1800 + ((store.revision * 7919) % 1800);
  timers.push(
    setTimeout(
      () => {
        if (allowWatchBookmarks) bookmark();
        end();
      },
      Math.min(seconds, 86_400) * 1000,
    ),
  );
}
