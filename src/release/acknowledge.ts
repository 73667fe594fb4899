import { Client } from "undici";

/** Whether the proxies concerned have what became of a step's rows. */
export interface Acknowledgement {
  done: boolean;
  /** Some proxy refused it, and will until it changes. */
  rejected?: boolean;
  /** In words: who has it, or who lacks what. */
  evidence: string;
}

/** Asks one cluster's mesh. undefined: nobody there to be asked. */
export interface Acknowledger {
  ask(cluster: string, app: string, revision: number): Promise<Acknowledgement | undefined>;
  close(): Promise<void>;
}

export interface ObjectVersion {
  kind: string;
  namespace?: string;
  name: string;
  resourceVersion?: string;
}

export interface MeshAccess {
  /** The mesh process's control socket. */
  socketPath: string;
  /** The objects that the rows of a revision became, as the cluster has them now. */
  objectsOf(app: string, revision: number): Promise<ObjectVersion[]>;
}

interface Answer {
  complete: boolean;
  connected: number;
  acknowledged: number;
  unseen: string[];
  proxies: { id: string; state: string; lacking: { type: string; name: string; message?: string }[] }[];
}

/** Our own mesh, which knows exactly (src/mesh/control/acknowledged.ts). */
export class MeshAcknowledger implements Acknowledger {
  readonly #meshes: ReadonlyMap<string, MeshAccess & { client: Client }>;
  readonly #objects = new Map<string, { revision: number; objects: Promise<ObjectVersion[]> }>();

  constructor(meshes: Readonly<Record<string, MeshAccess>>) {
    this.#meshes = new Map(
      Object.entries(meshes).map(([cluster, mesh]) => [
        cluster,
        {
          ...mesh,
          client: new Client("http://mesh", {
            socketPath: mesh.socketPath,
            bodyTimeout: 2000,
            headersTimeout: 2000,
            connect: { timeout: 500 },
          }),
        },
      ]),
    );
  }

  async ask(cluster: string, app: string, revision: number): Promise<Acknowledgement | undefined> {
    const mesh = this.#meshes.get(cluster);
    if (mesh === undefined) return undefined;
    try {
      const objects = await this.#versions(mesh, `${cluster}/${app}`, app, revision);
      if (objects.length === 0) return undefined;
      const { statusCode, body } = await mesh.client.request({
        method: "POST",
        path: "/acknowledged",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ objects }),
      });
      const answer = (await body.json()) as Answer;
      return statusCode === 200 ? told(answer) : undefined;
    } catch {
      // Nobody answers: shown as unproven by whoever asks.
      return undefined;
    }
  }

  /** Looked up once for each step: the worker has applied it before anybody asks. */
  #versions(mesh: MeshAccess, key: string, app: string, revision: number): Promise<ObjectVersion[]> {
    const known = this.#objects.get(key);
    if (known?.revision === revision) return known.objects;
    const objects = mesh.objectsOf(app, revision);
    this.#objects.set(key, { revision, objects });
    objects.catch(() => this.#objects.delete(key));
    return objects;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#meshes.values()].map(({ client }) => client.destroy()));
  }
}

function told({ complete, connected, acknowledged, unseen, proxies }: Answer): Acknowledgement {
  if (complete) return { done: true, evidence: `${acknowledged} of ${connected} proxies` };
  const rejecting = proxies.find(({ state }) => state === "rejected");
  const first = rejecting ?? proxies[0];
  const lack = first?.lacking[0];
  const detail =
    first === undefined
      ? `the mesh hasn't seen ${unseen[0]} yet`
      : `${first.id} ${first.state === "rejected" ? "rejects" : "lacks"} ${lack === undefined ? "its first configuration" : `${lack.type} ${lack.name}`}${lack?.message === undefined ? "" : `: ${lack.message}`}`;
  return {
    done: false,
    ...(rejecting !== undefined && { rejected: true }),
    evidence: `${acknowledged} of ${connected} proxies; ${detail}`,
  };
}
