/** All that joins a server to a cluster whose worker is an agent there: what is wanted is rendered here, and waits to be asked for. */
import type { Store } from "../store/store.ts";
import { AgentHost } from "./agent-host.ts";
import { baseline } from "./bootstrap.ts";
import type { Claimed } from "./cluster-claims.ts";
import { withBaseline } from "./desired.ts";
import type { Healing } from "./healing.ts";
import { renderedSource } from "./rendered-source.ts";
import { storeLedger } from "./store-ledger.ts";

export interface AgentLinkOptions {
  cluster: string;
  store: Pick<Store, "inForce" | "onInForce" | "read" | "write" | "seen" | "putSeen">;
  trustDomain: string;
  claim: (uid: string) => Promise<Claimed>;
  mayBeEmpty: () => boolean;
  healing: Healing;
  /** An observation that the store didn't take. */
  failed: (error: unknown) => void;
  /** Unix ms. */
  now: () => number;
  /** How long an agent may be away before that is told, in ms: it dials in again after a restart of either side. */
  awayMs?: number;
}

export interface AgentLink {
  readonly host: AgentHost;
  close(): void;
}

/** Throws when what is in force can't be rendered. */
export function openAgentLink(options: AgentLinkOptions): AgentLink {
  const { cluster, store, trustDomain, claim, mayBeEmpty, healing, failed, now, awayMs = 15_000 } = options;
  const source = renderedSource(cluster, store, { trustDomain });
  let away: NodeJS.Timeout | undefined;
  let closed = false;
  const missed = (problem: string): void => {
    const last = store.seen().get(cluster) ?? { cluster, applied: 0, ready: {}, at: 0 };
    void store.putSeen({ ...last, error: problem }).catch(failed);
  };
  const tellAfter = (ms: number, problem: string): void => {
    clearTimeout(away);
    // The agent goes with the link: that is nothing to be told.
    if (closed) return;
    away = setTimeout(() => missed(problem), ms).unref();
  };
  const host = new AgentHost({
    ...{ cluster, claim, mayBeEmpty, healing, now },
    desired: withBaseline(source, baseline()),
    ledger: storeLedger(store),
    report: (seen) => store.putSeen(seen),
    last: () => store.seen().get(cluster),
    connected: (connected) => {
      if (connected) clearTimeout(away);
      else tellAfter(awayMs, "its agent has gone: it isn't connected to the server");
    },
  });
  // One that was there before this server started is given time to come back.
  if (store.seen().has(cluster)) tellAfter(awayMs, "its agent hasn't dialled in since the server started");
  else missed(`its agent hasn't dialled in yet: "quipu cluster agent ${cluster}" prints what runs it`);
  return {
    host,
    close: () => {
      closed = true;
      clearTimeout(away);
      host.close();
      source.close();
    },
  };
}
