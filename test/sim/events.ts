import type { App } from "../../src/model/app.ts";
import type { Lie } from "./pods.ts";

/** What people do. */
export type Operation =
  | { do: "apply"; app: string; spec: App["spec"] }
  | { do: "deploy"; app: string; image: string }
  | { do: "delete"; app: string }
  | { do: "undo"; app: string; only: readonly ("workload" | "traffic" | "edges")[] }
  | { do: "retry"; app: string }
  | { do: "pause" | "resume" | "promote" | "abort"; app: string }
  | { do: "policy"; timeout: string }
  | { do: "segment"; segment: string; mtls: "STRICT" | "PERMISSIVE" };

/** What goes wrong. Durations in ms. `pick` chooses among what is there then. */
export type Fault =
  | { fault: "crash"; writes: number; when: "before" | "after"; downMs: number }
  | { fault: "contact"; cluster: string; forMs: number }
  | { fault: "hold" | "reject"; cluster: string; pick: number; forMs: number }
  | { fault: "disconnect"; cluster: string; pick: number; forMs: number; certificateMs: number }
  | { fault: "replace"; cluster: string; pick: number }
  | { fault: "pods"; cluster: string; pick: number; forMs: number }
  | { fault: "capacity"; cluster: string; pods: number; forMs: number }
  | { fault: "lie"; cluster: string; app: string; lie: Lie; forMs: number }
  | { fault: "deaf"; cluster: string; forMs: number }
  | { fault: "quiet"; app: string; forMs: number }
  | { fault: "messages"; lost: number; repeated: number; lateMs: number; forMs: number };

/** `at`: ms after the beginning. */
export type Event = { at: number } & (Operation | Fault);

export interface History {
  /** Of every delay in the world. */
  seed: number;
  clusters: string[];
  /** Clusters where only callers' gateways are → the home that they follow, once the app is at home there. */
  reach: Record<string, string>;
  events: Event[];
}
