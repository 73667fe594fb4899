import { request } from "node:http";
import { connect } from "node:net";
import type { Probe } from "../../objects/core.ts";

/** What a probe has found so far. */
export interface ProbeState {
  readonly passing: boolean;
  /** Results in a row that speak against `passing`. */ readonly against: number;
  readonly message?: string;
}

export const unprobed: ProbeState = { passing: false, against: 0 };

/** One more result. The state turns after `successThreshold` (1) or `failureThreshold` (3) results in a row (Kubernetes documentation, "Configure Probes"). */
export function probeStep(state: ProbeState, result: ProbeResult, probe: Probe): ProbeState {
  if (result.ok === state.passing)
    return result.ok ? { passing: true, against: 0 } : { passing: false, against: 0, message: result.message };
  const against = state.against + 1;
  const needed = result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  if (against < needed) return { ...state, against };
  return { passing: result.ok, against: 0, message: result.message };
}

export interface ProbeResult {
  ok: boolean;
  message: string;
}

/** Asks once. `port` is the private port on loopback. Any status from 200 to 399 is good, as in Kubernetes. */
export function runProbe(probe: Probe, port: number): Promise<ProbeResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet !== undefined)
    return httpProbe(
      {
        host: "127.0.0.1",
        port,
        path: probe.httpGet.path,
        headers: Object.fromEntries((probe.httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value])),
      },
      timeoutMs,
    );
  if (probe.tcpSocket !== undefined) return tcpProbe(port, timeoutMs);
  return Promise.resolve({
    ok: false,
    message: "probes of this kind aren't run here; accepted: httpGet, tcpSocket, exec",
  });
}

export function httpProbe(
  target: { host?: string; port?: number; socketPath?: string; path: string; headers?: Record<string, string> },
  timeoutMs: number,
): Promise<ProbeResult & { body?: string }> {
  return new Promise((resolve) => {
    const { headers, ...rest } = target;
    const call = request(
      { ...rest, agent: false, headers: { "user-agent": "kube-probe/1.36", connection: "close", ...headers } },
      (response) => {
        const status = response.statusCode ?? 0;
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          if (body.length < 10_000) body += text;
        });
        response.on("end", () =>
          resolve({ ok: status >= 200 && status < 400, message: `HTTP probe failed with statuscode: ${status}`, body }),
        );
        response.on("error", (error) => resolve({ ok: false, message: error.message }));
      },
    );
    const enough = patience(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on("error", (error) => resolve({ ok: false, message: error.message }));
    call.on("close", enough);
    call.end();
  });
}

function tcpProbe(port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (result: ProbeResult): void => {
      enough();
      socket.destroy();
      resolve(result);
    };
    const enough = patience(timeoutMs, () =>
      finish({ ok: false, message: `no connection within ${timeoutMs / 1000} s` }),
    );
    socket.once("connect", () => finish({ ok: true, message: "" }));
    socket.once("error", (error) => finish({ ok: false, message: error.message }));
  });
}

/**
 * Calls `over` after so much time in which this process was there to hear an answer; returns what ends the wait. Time in
 * which it was held up itself (a full disk queue, no CPU) isn't counted against whom it asks: the answer may long be
 * there, unread.
 */
function patience(timeoutMs: number, over: () => void): () => void {
  const parts = 10;
  let left = parts;
  const next = (): NodeJS.Timeout => setTimeout(() => (--left > 0 ? (timer = next()) : over()), timeoutMs / parts);
  let timer = next();
  return () => clearTimeout(timer);
}
