import { Client } from "undici";
import type { Acknowledgement } from "../rollout/gates.ts";

/**
 * To `advance`, everybody connected must have it; who isn't connected is excused and named. To `remove` what somebody may
 * still use, nobody is excused before its pod is known to be gone.
 */
export type AskMode = "advance" | "remove";

/** Asks one cluster's mesh whether the proxies concerned have what became of an app's rows. Unknown is not acknowledged. */
export interface Acknowledger {
  ask(cluster: string, app: string, revision: number, mode: AskMode): Promise<Acknowledgement>;
  close(): Promise<void>;
}

export interface ObjectVersion {
  kind: string;
  namespace?: string;
  name: string;
  resourceVersion?: string;
}

/** What a mesh would be asked for isn't there yet, and why: not acknowledged, and to be looked up again. */
export class NotYet extends Error {}

export interface MeshAccess {
  /** The mesh process's control socket. */
  socketPath: string;
  /** The objects that the rows of a revision became, as the cluster has them now; to remove: all of the app's. Throws {@link NotYet}. */
  objectsOf(app: string, revision: number, mode: AskMode): Promise<ObjectVersion[]>;
  /** Whether pods of a service account may be calling the app: those with an edge, and gateways. */
  mayCall(app: string, namespace: string, serviceAccount: string): boolean;
}

/** What src/mesh/control/acknowledged.ts answers. */
interface Answer {
  complete: boolean;
  connected: number;
  acknowledged: number;
  /** Proxies that the objects concern. */
  concerned?: number;
  unseen: string[];
  proxies: { id: string; state: string; lacking: { type: string; name: string; message?: string }[] }[];
  /** Sidecars and gateways of pods that are there, without a stream. Unix ms; absent: it never got a certificate. */
  disconnected?: { id: string; namespace: string; serviceAccount: string; certificateUntil?: number }[];
}

/** Asks the mesh of one cluster. */
export interface MeshProvider {
  ask(app: string, revision: number, mode: AskMode): Promise<Acknowledgement>;
  close(): Promise<void>;
}

/** Each cluster's mesh by its own provider; clusters come and go. */
export class Acknowledgers implements Acknowledger {
  readonly #providers = new Map<string, MeshProvider>();

  set(cluster: string, provider: MeshProvider): void {
    this.#providers.set(cluster, provider);
  }

  async delete(cluster: string): Promise<void> {
    const provider = this.#providers.get(cluster);
    this.#providers.delete(cluster);
    await provider?.close();
  }

  ask(cluster: string, app: string, revision: number, mode: AskMode): Promise<Acknowledgement> {
    const provider = this.#providers.get(cluster);
    return (
      provider?.ask(app, revision, mode) ??
      Promise.resolve({ done: false, evidence: "there is no mesh here that could be asked" })
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#providers.keys()].map((cluster) => this.delete(cluster)));
  }
}

/** Our own mesh, which knows exactly (src/mesh/control/acknowledged.ts). */
export class OwnMesh implements MeshProvider {
  readonly #mesh: MeshAccess;
  readonly #client: Client;
  readonly #now: () => number;
  readonly #objects = new Map<string, { revision: number; objects: Promise<ObjectVersion[]> }>();

  /** `now`: Unix ms. */
  constructor(mesh: MeshAccess, now: () => number) {
    this.#mesh = mesh;
    this.#now = now;
    this.#client = new Client("http://mesh", {
      socketPath: mesh.socketPath,
      bodyTimeout: 2000,
      headersTimeout: 2000,
      connect: { timeout: 500 },
    });
  }

  async ask(app: string, revision: number, mode: AskMode): Promise<Acknowledgement> {
    try {
      const objects = await this.#versions(app, revision, mode);
      if (objects.length === 0) return { done: true, evidence: "nothing for proxies in it" };
      const { statusCode, body } = await this.#client.request({
        method: "POST",
        path: "/acknowledged",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ objects }),
      });
      if (statusCode === 200) {
        const answer = (await body.json()) as Answer;
        // Pods come and go: what isn't there any more will never be seen.
        if (answer.unseen.length > 0) this.#objects.delete(`${app}/${mode}`);
        // A pod that never got a certificate has no connection to anybody, and one whose certificate is over none any more.
        const disconnected = answer.disconnected?.filter(
          ({ namespace, serviceAccount, certificateUntil = 0 }) =>
            certificateUntil > this.#now() && this.#mesh.mayCall(app, namespace, serviceAccount),
        );
        return told({ ...answer, ...(disconnected !== undefined && { disconnected }) }, mode);
      }
      return { done: false, evidence: `its mesh answers ${statusCode}: ${(await body.text()).slice(0, 200)}` };
    } catch (error) {
      if (error instanceof NotYet) return { done: false, evidence: error.message };
      return {
        done: false,
        evidence: `its mesh can't be asked: ${error instanceof Error ? error.message : String(error)}`,
      };
    }
  }

  /** Looked up once for each step, as long as the mesh knows them all: the worker has applied it before anybody asks. */
  #versions(app: string, revision: number, mode: AskMode): Promise<ObjectVersion[]> {
    const key = `${app}/${mode}`;
    const known = this.#objects.get(key);
    if (known?.revision === revision) return known.objects;
    const objects = this.#mesh.objectsOf(app, revision, mode);
    this.#objects.set(key, { revision, objects });
    objects.catch(() => this.#objects.delete(key));
    return objects;
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }
}

/** Pure: what an answer means for a step that goes forward, or for one after which something goes. */
export function told(answer: Answer, mode: AskMode): Acknowledgement {
  const { complete, connected, acknowledged, unseen, proxies } = answer;
  const concerned = answer.concerned ?? connected;
  const away = answer.disconnected ?? [];
  const count = `${Math.min(acknowledged, concerned)} of ${concerned} proxies`;
  const names = away
    .slice(0, 3)
    .map(({ id }) => id)
    .join(", ");
  const missing = `${names}${away.length > 3 ? ` and ${away.length - 3} more` : ""}`;
  if (complete) {
    if (away.length === 0) return { done: true, evidence: count };
    if (mode === "advance") return { done: true, evidence: `${count}; not connected and excused: ${missing}` };
    return { done: false, evidence: `${count}; not connected, and perhaps still in use: ${missing}` };
  }
  const rejecting = proxies.find(({ state }) => state === "rejected");
  const first = rejecting ?? proxies[0];
  const lack = first?.lacking[0];
  const detail =
    first === undefined
      ? `the mesh hasn't seen ${unseen[0]} yet`
      : `${first.id} ${first.state === "rejected" ? "rejects" : "lacks"} ${lack === undefined ? "its first configuration" : `${lack.type} ${lack.name}`}${lack?.message === undefined ? "" : `: ${lack.message}`}`;
  return { done: false, ...(rejecting !== undefined && { rejected: true }), evidence: `${count}; ${detail}` };
}
