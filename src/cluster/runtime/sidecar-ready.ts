import { httpProbe, type ProbeResult } from "./probe.ts";

const counters = [
  "server.state",
  "listener_manager.workers_started",
  "cluster_manager.cds.update_success",
  "listener_manager.lds.update_success",
] as const;
const path = `/stats?filter=${encodeURIComponent(`^(${counters.map((name) => name.replaceAll(".", "\\.")).join("|")})$`)}`;

/**
 * A sidecar is ready once its server is live and it has taken clusters and listeners from the control plane: a server that
 * gave up waiting for them is live too, with nothing to serve (the rule of Istio's agent).
 */
export async function sidecarReady(socketPath: string, timeoutMs: number): Promise<ProbeResult> {
  const answer = await httpProbe({ socketPath, path, headers: { host: "admin" } }, timeoutMs);
  if (!answer.ok) return { ok: false, message: `sidecar isn't up: ${answer.message}` };
  return readySidecarStats(answer.body ?? "");
}

/** From the text of Envoy's stats page. */
export function readySidecarStats(text: string): ProbeResult {
  const values = new Map(
    text
      .split("\n")
      .map((line) => [line.slice(0, line.lastIndexOf(":")), Number(line.slice(line.lastIndexOf(":") + 1))]),
  );
  const [state, workers, clusters, listeners] = counters.map((name) => values.get(name) ?? -1);
  if (!clusters || clusters < 0 || !listeners || listeners < 0)
    return { ok: false, message: "sidecar waits for its configuration" };
  // server.state: 0 live, 1 draining, 2 pre-initialising, 3 initialising (Envoy documentation, "Server" statistics).
  if (state !== 0 || workers !== 1) return { ok: false, message: "sidecar initialises its listeners and clusters" };
  return { ok: true, message: "" };
}
