import { pushOfNonce } from "./push-version.ts";

/** The kinds of Envoy resources that istiod tells the state of. */
export const xdsTypes = ["cds", "eds", "lds", "rds"] as const;
export type XdsType = (typeof xdsTypes)[number];

export const typeNames: Readonly<Record<XdsType, string>> = {
  cds: "Cluster",
  eds: "ClusterLoadAssignment",
  lds: "Listener",
  rds: "RouteConfiguration",
};
/** As the older fields of an answer name them: `route_sent`. */
const oldNames: Readonly<Record<XdsType, string>> = { cds: "cluster", eds: "endpoint", lds: "listener", rds: "route" };

/** What a proxy was sent of one type, and what it has acknowledged. */
export interface TypeSync {
  /** Push that the newest response was made from. */
  sent: number;
  /** Push of the response that was acknowledged last; absent: none was yet. */
  acked?: number;
  /** The newest response is the acknowledged one. */
  clean: boolean;
  /** What it said against the newest response. Istio of 2026 and later tells. */
  error?: string;
}

export interface ProxySync {
  /** `POD.NAMESPACE`. */
  id: string;
  router: boolean;
  /** Types that it asked for. */
  types: Partial<Record<XdsType, TypeSync>>;
}

interface Resource {
  sent?: string;
  acked?: string;
  lastError?: string;
}
type Status = { proxy?: string; proxy_type?: string; resources?: Record<string, Resource> } & Record<string, unknown>;

/**
 * `/debug/syncz`: every proxy that has a stream to that replica. Throws when it is something else.
 *
 * `resources` is one consistent look at a proxy; the older fields are read one after another, clusters first and endpoints
 * last, each `sent` before its `acked`, which is the order that makes them safe to use.
 */
export function parseSyncz(body: string): ProxySync[] {
  const answer: unknown = JSON.parse(body);
  if (!Array.isArray(answer)) throw new TypeError("the answer of /debug/syncz isn't a list");
  return (answer as Status[]).flatMap((status) => {
    if (typeof status.proxy !== "string" || status.proxy_type === "ztunnel") return [];
    const types: ProxySync["types"] = {};
    for (const type of xdsTypes) {
      const found = status.resources === undefined ? oldFields(status, type) : resourceOf(status.resources, type);
      const sync = found && syncOf(found);
      if (sync !== undefined) types[type] = sync;
    }
    return [{ id: status.proxy, router: status.proxy_type === "router", types }];
  });
}

function resourceOf(resources: Record<string, Resource>, type: XdsType): Resource | undefined {
  return Object.entries(resources).find(([url]) => url.endsWith(`.${typeNames[type]}`))?.[1];
}

function oldFields(status: Status, type: XdsType): Resource | undefined {
  const sent = status[`${oldNames[type]}_sent`];
  const acked = status[`${oldNames[type]}_acked`];
  return typeof sent === "string" ? { sent, ...(typeof acked === "string" && { acked }) } : undefined;
}

/** A type that was asked for and not answered yet counts as push 0, not acknowledged. */
function syncOf({ sent = "", acked = "", lastError }: Resource): TypeSync {
  const ackedPush = pushOfNonce(acked);
  return {
    sent: pushOfNonce(sent) ?? 0,
    ...(ackedPush !== undefined && { acked: ackedPush }),
    clean: sent !== "" && sent === acked && !lastError,
    ...(lastError && { error: lastError }),
  };
}
