import { request } from "node:http";
import { inject } from "vitest";
import type { SharedCluster } from "./shared-testbed.ts";

let lent: Promise<SharedCluster> | undefined;

/** A cluster for this file, until its process ends; nobody else uses it meanwhile. Waits until one is free. */
export function sharedCluster(): Promise<SharedCluster> {
  lent ??= borrow(inject("lender"));
  return lent;
}

function borrow(url: string): Promise<SharedCluster> {
  return new Promise((resolve, reject) => {
    // The connection is the claim: held, but never what keeps the process.
    const call = request(url, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (!text.endsWith("\n")) return;
        answer.socket.unref();
        if (answer.statusCode === 200) resolve(JSON.parse(text) as SharedCluster);
        else reject(new Error(`no cluster could be started: ${text}`));
      });
      answer.on("error", () => undefined);
    });
    call.on("error", reject);
    call.end();
  });
}
