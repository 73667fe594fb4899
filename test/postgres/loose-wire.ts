import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

/** A wire to a server that can be cut around the next COMMIT: before it arrives, or after it was carried out but before that is heard. */
export class LooseWire {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  cut: "before" | "after" | undefined;
  cuts = 0;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async to(port: number): Promise<LooseWire> {
    const sockets = new Set<Socket>();
    const server = createServer();
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const wire = new LooseWire(server, sockets);
    server.on("connection", (client) => wire.#join(client, connect(port, "127.0.0.1")));
    return wire;
  }

  #join(client: Socket, database: Socket): void {
    let deaf = false;
    for (const [from, to] of [
      [client, database],
      [database, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (this.cut !== undefined && chunk.includes("commit\0")) {
        const cut = this.cut;
        this.cut = undefined;
        this.cuts += 1;
        if (cut === "before") return void client.destroy();
        deaf = true;
      }
      database.write(chunk);
    });
    database.on("data", (chunk) => {
      // It has answered: the commit is done.
      if (deaf) client.destroy();
      else client.write(chunk);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}
