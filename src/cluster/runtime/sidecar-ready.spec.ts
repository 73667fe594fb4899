import { expect, it } from "vitest";
import { readySidecarStats } from "./sidecar-ready.ts";

const stats = (state: number, workers: number, cds: number, lds: number): string =>
  `cluster_manager.cds.update_success: ${cds}\nlistener_manager.lds.update_success: ${lds}\nlistener_manager.workers_started: ${workers}\nserver.state: ${state}\n`;

it("is ready when live, started, and configured by the control plane", () => {
  expect(readySidecarStats(stats(0, 1, 1, 1)).ok).toBe(true);
  expect(readySidecarStats(stats(0, 1, 0, 0))).toEqual({ ok: false, message: "sidecar waits for its configuration" });
  expect(readySidecarStats(stats(0, 1, 1, 0)).ok).toBe(false);
  expect(readySidecarStats(stats(3, 0, 1, 1))).toEqual({
    ok: false,
    message: "sidecar initialises its listeners and clusters",
  });
  expect(readySidecarStats(stats(1, 1, 1, 1)).ok).toBe(false);
  expect(readySidecarStats("").ok).toBe(false);
});
