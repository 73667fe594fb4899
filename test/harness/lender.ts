import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Lender {
  url: string;
  close(): Promise<void>;
}

/**
 * Lends what is slow to start, each to one at a time: whoever asks gets one as a line of JSON and has it until it hangs
 * up. Starts one when none is free, at most so many; then those who ask wait for their turn.
 */
export async function startLender<T>(most: number, start: () => Promise<T>): Promise<Lender> {
  const free: T[] = [];
  const waiting: ((one: T) => void)[] = [];
  let started = 0;
  const give = (one: T) => {
    const next = waiting.shift();
    if (next === undefined) free.push(one);
    else next(one);
  };
  const take = async (): Promise<T> => {
    const one = free.pop();
    if (one !== undefined) return one;
    if (started < most) {
      started++;
      return start();
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const server = createServer((_request, response) => {
    take().then(
      (one) => {
        // Gone while it waited.
        if (response.destroyed) return give(one);
        response.once("close", () => give(one));
        response.writeHead(200).write(`${JSON.stringify(one)}\n`);
      },
      (error: Error) => {
        started--;
        response.writeHead(500).end(`${error.message}\n`);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
