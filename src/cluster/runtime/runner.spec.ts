import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PodProblem } from "./pod-problem.ts";
import type { Exit, ProcessHandle } from "./process-handle.ts";
import { ContainerRunner, type RestartPolicy } from "./runner.ts";

/** A process that a test ends by hand. */
function fakeProcess(deaf = false): ProcessHandle & { end(exit: Exit): void; signals: string[] } {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  const signals: string[] = [];
  return {
    pid: 1,
    startTime: 1,
    startedAt: Date.now(),
    exited: promise,
    signals,
    end: resolve,
    signal(name) {
      signals.push(name);
      if (name === "SIGKILL" || !deaf) resolve({ code: undefined, signal: name });
    },
  };
}
let processes: ReturnType<typeof fakeProcess>[];
let events: string[];
let problem: PodProblem | undefined;
const runner = (restartPolicy: RestartPolicy = "Always", deaf = false): ContainerRunner =>
  new ContainerRunner({
    name: "app",
    restartPolicy,
    changed() {},
    tail: () => "last words",
    event: (_type, reason) => events.push(reason),
    async launch() {
      if (problem !== undefined) throw problem;
      const made = fakeProcess(deaf);
      processes.push(made);
      return made;
    },
  });
const exit = async (exitOf: Exit): Promise<void> => {
  processes.at(-1)?.end(exitOf);
  await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-01-02T03:04:05Z") });
  processes = [];
  events = [];
  problem = undefined;
});
afterEach(() => {
  vi.useRealTimers();
});

describe("ContainerRunner", () => {
  it("restarts at once, then with back-off", async () => {
    const app = runner();
    await app.start();
    await exit({ code: 3, signal: undefined });
    expect([processes.length, app.restartCount]).toEqual([2, 1]);
    expect(app.lastState?.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "last words" });
    await exit({ code: 3, signal: undefined });
    expect(app.state.waiting).toEqual({
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=app",
    });
    await vi.advanceTimersByTimeAsync(9999);
    expect(processes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect([processes.length, app.state.running !== undefined, app.restartCount]).toEqual([3, true, 2]);
  });

  it("tells signals as Kubernetes does", async () => {
    const app = runner();
    await app.start();
    await exit({ code: undefined, signal: "SIGSEGV" });
    expect(app.lastState?.terminated).toMatchObject({ exitCode: 139, signal: 11, reason: "Error" });
  });

  it.each([
    ["Never", 1, "terminated"],
    ["OnFailure", 0, "terminated"],
    ["OnFailure", 1, "running"],
    ["Always", 0, "running"],
  ] as const)("policy %s after exit %d: %s", async (policy, code, state) => {
    const app = runner(policy);
    await app.start();
    await exit({ code, signal: undefined });
    expect(Object.keys(app.state)).toEqual([state]);
  });

  it("a command that can't be started counts as a failed run", async () => {
    problem = new PodProblem("StartError", 'exec: "nod": executable file not found in $PATH');
    const app = runner();
    await app.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(app.lastState?.terminated).toMatchObject({ exitCode: 128, reason: "StartError", message: problem.message });
    expect(app.state.waiting?.reason).toBe("CrashLoopBackOff");
  });

  it("tries a failed preparation again, and says what it waits for", async () => {
    problem = new PodProblem("ErrImagePull", "no such artifact");
    const app = runner();
    await app.start();
    expect([app.state.waiting, app.restartCount]).toEqual([{ reason: "ErrImagePull", message: "no such artifact" }, 0]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(app.state.waiting?.reason).toBe("ImagePullBackOff");
    problem = undefined;
    await vi.advanceTimersByTimeAsync(2000);
    expect(app.state.running).toBeDefined();
  });

  it("leaves what can't get better", async () => {
    problem = new PodProblem("InvalidImageName", "nginx", false);
    const app = runner();
    await app.start();
    problem = undefined;
    await vi.advanceTimersByTimeAsync(600_000);
    expect([app.state.waiting?.reason, processes.length]).toEqual(["InvalidImageName", 0]);
  });

  it("stops with SIGTERM, waits, and kills what doesn't listen", async () => {
    const app = runner("Always", true);
    await app.start();
    const stopped = app.stop(2000);
    await vi.advanceTimersByTimeAsync(1999);
    expect(processes[0]?.signals).toEqual(["SIGTERM"]);
    await vi.advanceTimersByTimeAsync(1);
    await stopped;
    expect(processes[0]?.signals.slice(0, 2)).toEqual(["SIGTERM", "SIGKILL"]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(processes).toHaveLength(1);
  });

  it("knows of an end that nobody saw", async () => {
    const app = runner();
    app.restore({
      name: "app",
      ready: true,
      restartCount: 2,
      image: "",
      imageID: "",
      state: { running: { startedAt: "x" } },
    });
    expect([app.restartCount, app.lastState?.terminated?.reason, app.lastState?.terminated?.exitCode]).toEqual([
      3,
      "ContainerStatusUnknown",
      137,
    ]);
  });
});

describe("what goes wrong on the way", () => {
  it("is told as a reason to wait, and tried again", async () => {
    problem = Object.assign(new Error("ENOSPC: no space left on device")) as never;
    const app = runner();
    await app.start();
    expect(app.state.waiting).toEqual({ reason: "CreateContainerError", message: "ENOSPC: no space left on device" });
    problem = undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(app.state.running).toBeDefined();
  });

  it("a process that is made while its end is asked for doesn't live on", async () => {
    const app = runner();
    const starting = app.start();
    await app.stop(1000);
    await starting;
    expect([processes[0]?.signals, app.handle]).toEqual([["SIGKILL"], undefined]);
  });
});
