import { renameSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { eventually } from "./eventually.ts";

interface Stream {
  /** `POD.NAMESPACE`; undefined until its first message has told. */
  pod?: string;
  down: Socket;
  up: Socket;
}

/**
 * Stands between the proxies of a cluster and its mesh process: takes the path of the mesh's socket, and passes all on.
 * The stream of a pod can be held back: nothing goes either way, the connection stays, as on a network that stalls. Only
 * proxies that connect after it was put there go through it.
 */
export class XdsTap {
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  readonly #path: string;
  readonly #real: string;
  #held: string | undefined;

  private constructor(path: string) {
    this.#path = path;
    this.#real = `${path}.real`;
    this.#server = createServer((down) => this.#accept(down));
  }

  static async over(path: string): Promise<XdsTap> {
    const tap = new XdsTap(path);
    // A mesh process that has just been started isn't there at once.
    await eventually(() => renameSync(path, tap.#real));
    await new Promise<void>((resolve, reject) => {
      tap.#server.once("error", reject).listen(path, resolve);
    });
    return tap;
  }

  /** Pods whose stream goes through it. */
  get pods(): string[] {
    return [...this.#streams].flatMap(({ pod }) => pod ?? []);
  }

  /** Holds back the stream of a pod (`POD.NAMESPACE`), the ones included that it opens anew. */
  hold(pod: string): void {
    if (!this.pods.includes(pod))
      throw new Error(`no stream of ${pod} goes through here, only ${this.pods.join(", ")}`);
    this.#held = pod;
    for (const stream of this.#streams) if (stream.pod === pod) pause(stream);
  }

  release(): void {
    const pod = this.#held;
    this.#held = undefined;
    for (const { down, up, pod: its } of this.#streams)
      if (its === pod) for (const socket of [down, up]) socket.resume();
  }

  /** The mesh has its own path again; streams that went through here are closed, and opened anew by their proxies. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    renameSync(this.#real, this.#path);
    for (const { down, up } of this.#streams) for (const socket of [down, up]) socket.destroy();
    await closed;
  }

  #accept(down: Socket): void {
    const up = connect(this.#real);
    const stream: Stream = { down, up };
    this.#streams.add(stream);
    down.on("data", (chunk: Buffer) => {
      up.write(chunk);
      if (stream.pod !== undefined) return;
      stream.pod = /(?:sidecar|router)~[\d.]+~([a-z0-9.-]+)~/.exec(chunk.toString("latin1"))?.[1];
      if (stream.pod !== undefined && stream.pod === this.#held) pause(stream);
    });
    up.on("data", (chunk: Buffer) => down.write(chunk));
    for (const [socket, other] of [
      [down, up],
      [up, down],
    ] as const) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        other.destroy();
        this.#streams.delete(stream);
      });
    }
  }
}

function pause({ down, up }: Stream): void {
  for (const socket of [down, up]) socket.pause();
}
