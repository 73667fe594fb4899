import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probeStep, runProbe, unprobed, type ProbeState } from "./probe.ts";

describe("probeStep", () => {
  const walk = (
    results: boolean[],
    probe: { successThreshold?: number; failureThreshold?: number },
    from: ProbeState = unprobed,
  ): boolean[] => {
    let state = from;
    return results.map((ok) => (state = probeStep(state, { ok, message: "m" }, probe)).passing);
  };
  it("turns after as many results in a row as the thresholds say", () => {
    expect(walk([true, false, false, true, false, false, false, true], {})).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      true,
    ]);
    expect(walk([true, true, false, true, true], { successThreshold: 2, failureThreshold: 1 })).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });
  it("says why while it fails", () =>
    expect(probeStep(unprobed, { ok: false, message: "refused" }, {}).message).toBe("refused"));
});

describe("runProbe", () => {
  let server: Server;
  let port: number;
  beforeAll(
    () =>
      new Promise<void>((resolve) => {
        server = createServer((request, response) => {
          if (request.url === "/slow") return;
          response.statusCode = Number(request.url?.slice(1)) || 200;
          response.end(String(request.headers["x-key"] ?? ""));
        }).listen(0, "127.0.0.1", () => {
          port = (server.address() as AddressInfo).port;
          resolve();
        });
      }),
  );
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ["/200", true],
    ["/302", true],
    ["/404", false],
    ["/503", false],
  ])("HTTP %s: %s", async (path, ok) => {
    expect((await runProbe({ httpGet: { path, port: 1 } }, port)).ok).toBe(ok);
  });
  it("tells the status", async () =>
    expect((await runProbe({ httpGet: { path: "/503", port: 1 } }, port)).message).toBe(
      "HTTP probe failed with statuscode: 503",
    ));
  it("gives up in time", async () =>
    expect(await runProbe({ httpGet: { path: "/slow", port: 1 }, timeoutSeconds: 0.1 }, port)).toEqual({
      ok: false,
      message: "no answer within 0.1 s",
    }));
  it("doesn't blame an app for the time in which it couldn't listen itself", async () => {
    const asked = [runProbe({ httpGet: { path: "/200", port: 1 }, timeoutSeconds: 0.1 }, port)];
    asked.push(runProbe({ tcpSocket: { port: 1 }, timeoutSeconds: 0.1 }, port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    for (const { ok, message } of await Promise.all(asked)) expect(ok, message).toBe(true);
  });
  it("connects", async () => {
    expect((await runProbe({ tcpSocket: { port: 1 } }, port)).ok).toBe(true);
    expect((await runProbe({ tcpSocket: { port: 1 } }, 1)).message).toContain("ECONNREFUSED");
  });
  it("refuses what it can't do", async () =>
    expect((await runProbe({ exec: { command: ["true"] } }, port)).message).toContain("accepted: httpGet, tcpSocket"));
});
