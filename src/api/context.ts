import type { Logger } from "pino";
import type { AgentHost } from "../fleet/agent-host.ts";
import type { Instance } from "../fleet/pod-instance.ts";
import type { DriftedObject } from "../model/drift.ts";
import type { Unhealthy } from "../model/unhealthy.ts";
import type { EvidenceSource } from "../release/observe.ts";
import type { ReleaseEngine } from "../release/engine.ts";
import type { SignalsSource } from "../signals/signals-source.ts";
import type { ArtifactFiles } from "../store/artifact-files.ts";
import type { Store } from "../store/store.ts";

export interface LogOptions {
  container: string;
  follow: boolean;
  tailLines?: number;
  previous: boolean;
}

/** One cluster as the API needs it. */
export interface ClusterAccess {
  kubeconfig(): string;
  /** Names of an app's pods. Throws when the cluster can't be reached. */
  pods(namespace: string, app: string, revision: string | undefined): Promise<string[]>;
  /** The app's pods, at most 500. Throws when the cluster can't be reached. */
  instances(namespace: string, app: string): Promise<Instance[]>;
  log(namespace: string, pod: string, options: LogOptions, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
  /** What its worker says of itself. */
  status(): {
    applied: number;
    wanted: number;
    pending: number;
    failures: { key: string; error: string }[];
    drift: readonly DriftedObject[];
    drifting: number;
    unhealthy: Unhealthy;
    error?: string;
    ageMs: number;
  };
}

/** Everything that the routes use; nothing is global. */
export interface ApiContext {
  store: Store;
  engine: Pick<ReleaseEngine, "kick">;
  artifacts: ArtifactFiles;
  clusters: ReadonlyMap<string, ClusterAccess>;
  /** Of clusters whose worker is an agent there. Absent: there are none. */
  agents?: ReadonlyMap<string, AgentHost>;
  /** Absent: there are none to be had. */
  signals?: SignalsSource;
  /** What releases are judged by. */
  evidence: EvidenceSource;
  /** Asks the mesh of a cluster what happens to a request (the body of its `POST /explain`). Undefined: it doesn't answer. */
  explain?: (cluster: string, question: object) => Promise<{ status: number; body: unknown } | undefined>;
  /** Asks the mesh of a cluster what would happen to requests with other objects (the body of its `POST /trial`). Undefined: it doesn't answer. */
  trial?: (cluster: string, body: object) => Promise<{ status: number; body: unknown } | undefined>;
  /** Of the identities of a cluster; a text: the same in every cluster. */
  trustDomain: string | ((cluster: string) => string);
  log: Logger;
  /** Unix ms. */
  now(): number;
  /** A secret of 256 bits, base64url. */
  secret(): string;
  /** Reasons why the server isn't ready. Empty: it is. */
  notReady(): string[];
  /** Folder of the built web UI; absent: none. */
  webRoot?: string;
}
