import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { connect } from "node:net";

/** Linux: sun_path holds 108 bytes, the closing zero among them; `.new` is added while taking over. */
const longestPath = 107 - ".new".length;

export class SocketError extends Error {
  override readonly name = "SocketError";
  readonly code: "socket/too-long" | "socket/in-use" | "socket/not-a-socket";
  readonly path: string;

  constructor(code: SocketError["code"], path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/**
 * Listens on a Unix socket in place of whatever a dead process left there. Nobody finds the path missing meanwhile: the
 * new socket is made beside it and moved over it. Throws a SocketError when a living process serves the path.
 * Returns what takes the socket away again, unless somebody has replaced it since.
 */
export async function takeOver(path: string, listen: (path: string) => Promise<unknown>): Promise<() => void> {
  const length = Buffer.byteLength(path);
  if (length > longestPath)
    throw new SocketError(
      "socket/too-long",
      path,
      `${path} takes ${length} bytes; at most ${longestPath} are accepted`,
    );
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) throw new SocketError("socket/not-a-socket", path, `${path} exists and is no socket`);
  if (found && (await answers(path)))
    throw new SocketError("socket/in-use", path, `${path} is served by another process`);
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  await listen(fresh);
  chmodSync(fresh, 0o600);
  const { ino } = lstatSync(fresh);
  renameSync(fresh, path);
  return () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
