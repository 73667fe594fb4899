import { Agent, request } from "node:http";

export interface Load {
  requests: number;
  failed: number;
  perSecond: number;
  latenciesMs: number[];
}

/** `connections` clients, each asking again as soon as it has an answer, for `forMs`. Only 127.0.0.0/8. */
export async function load({
  host,
  port,
  path,
  header,
  connections,
  forMs,
}: {
  host: string;
  port: number;
  path: string;
  header?: string;
  connections: number;
  forMs: number;
}): Promise<Load> {
  if (!host.startsWith("127.")) throw new Error(`load goes to this machine only, not to ${host}`);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  let failed = 0;
  const began = performance.now();
  const one = () =>
    new Promise<void>((resolve) => {
      const sent = performance.now();
      const call = request(
        { host, port, path, agent, timeout: 10_000, headers: header === undefined ? {} : { host: header } },
        (answer) => {
          answer.resume();
          answer.on("end", () => {
            if (answer.statusCode === 200) latenciesMs.push(performance.now() - sent);
            else failed++;
            resolve();
          });
        },
      );
      call.on("timeout", () => call.destroy(new Error("timeout")));
      call.on("error", () => {
        failed++;
        resolve();
      });
      call.end();
    });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() - began < forMs) await one();
    }),
  );
  agent.destroy();
  const seconds = (performance.now() - began) / 1000;
  return { requests: latenciesMs.length + failed, failed, perSecond: latenciesMs.length / seconds, latenciesMs };
}
