import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Container, Probe } from "../../objects/core.ts";
import { AppProbes } from "./app-probes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const probe = (path: string, more: Probe = {}): Probe => ({ httpGet: { path, port: 1 }, periodSeconds: 1, ...more });
const container: Container = {
  name: "app",
  image: "i",
  startupProbe: probe("startup", { failureThreshold: 3 }),
  readinessProbe: probe("ready"),
  livenessProbe: probe("live", { failureThreshold: 1 }),
};
function watched(change: Partial<Container> = {}) {
  const answers: Record<string, boolean> = { startup: false, ready: true, live: true };
  const asked: string[] = [];
  const events: string[] = [];
  const restarts: string[] = [];
  const probes = new AppProbes(
    { ...container, ...change },
    {
      async ask({ httpGet }) {
        asked.push(httpGet!.path);
        return { ok: answers[httpGet!.path] ?? false, message: "no" };
      },
      changed: () => undefined,
      event: (_type, reason, message) => events.push(`${reason} ${message}`),
      restart: (reason) => {
        restarts.push(reason);
        probes.stop();
      },
    },
  );
  return { probes, answers, asked, events, restarts };
}
const fresh = { started: false, ready: false };

it("asks the others once the startup probe has succeeded", async () => {
  const { probes, answers, asked, restarts } = watched();
  probes.start(fresh);
  await vi.advanceTimersByTimeAsync(1500);
  expect([new Set(asked), probes.started, probes.passing]).toEqual([new Set(["startup"]), false, false]);
  expect(probes.message).toBe("Startup probe failed: no");
  answers["startup"] = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect([new Set(asked), probes.started, probes.passing]).toEqual([new Set(["startup", "ready", "live"]), true, true]);
  const before = asked.filter((name) => name === "startup").length;
  await vi.advanceTimersByTimeAsync(5000);
  expect([asked.filter((name) => name === "startup").length, restarts]).toEqual([before, []]);
});
it("ends the run when the startup probe has failed too often", async () => {
  const { probes, events, restarts, asked } = watched();
  probes.start(fresh);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([restarts, asked.length]).toEqual([["StartupProbeFailed"], 3]);
  expect(events).toContain("Unhealthy Startup probe failed: no");
  expect(events).toContain("Killing Container app failed startup probe, will be restarted");
});
it("ends the run when the liveness probe fails", async () => {
  const { probes, answers, restarts } = watched({ startupProbe: undefined });
  probes.start(fresh);
  answers["live"] = false;
  await vi.advanceTimersByTimeAsync(3000);
  expect(restarts).toEqual(["LivenessProbeFailed"]);
});
it("goes on where a process was found to be", async () => {
  const { probes, asked } = watched();
  probes.start({ started: true, ready: true });
  expect([probes.started, probes.passing]).toEqual([true, true]);
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).not.toContain("startup");
  probes.stop();
  expect([probes.started, probes.passing]).toEqual([false, false]);
});
