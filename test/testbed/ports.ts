import { randomInt } from "node:crypto";
import { isPortFree } from "../../src/cluster/runtime/free-port.ts";

/** Below those that the system gives to whoever asks for any (32768 and up), so that no outgoing connection takes one meanwhile. */
const [lowest, highest] = [10_000, 32_000];
const given = new Set<number>();

/** `count` ports of 127.0.0.1 on which nobody listens, none of them given before by this process. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; found.length < count; tries++) {
    if (tries > 1000) throw new Error("no free ports between 10000 and 32000 on 127.0.0.1");
    const port = randomInt(lowest, highest);
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    found.push(port);
  }
  return found;
}
