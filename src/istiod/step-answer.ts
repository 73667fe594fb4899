import type { Selector } from "./concerns.ts";

/** A Pod. */
export interface Workload extends Selector {
  /** `POD.NAMESPACE`, as its proxy calls itself. */
  id: string;
  /** A sidecar or gateway runs in it, or has: it may still act by what it had. */
  hasProxy: boolean;
}

/** How a step's proxies stand, as all replicas of istiod tell. */
export interface StepAnswer {
  /** How many were asked. */
  replicas: number;
  /** Connected proxies that the objects concern. */
  concerned: number;
  lacking: {
    id: string;
    type: string;
    /**
     * rejects: it said no to the newest. rejected: it said no to something since the step; perhaps: it said no to something,
     * perhaps before the step. lacks: it hasn't acknowledged what it was sent.
     */
    how: "rejects" | "rejected" | "perhaps" | "lacks";
    message?: string;
  }[];
  /** Who has acknowledged everything that it was sent, while it isn't proven that what is asked for was among it. */
  unproven: string[];
  /** Pods with a proxy that isn't connected to any istiod. */
  away: string[];
  /** Of those, who was when asked last. */
  moving: string[];
  /** When nobody lacks anything and some are unproven: since when their istiods know all of it; absent: they don't yet. */
  knownForMs?: number | undefined;
}
