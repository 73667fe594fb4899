import { expect, it } from "vitest";
import { planAdoption } from "./adoption.ts";

const found = (pid: number, startTime: number, uid: string, spawn: string, session = pid, role = "app") => ({
  pid,
  startTime,
  session,
  role: `${role}/uno/${uid}`,
  spawn,
});

it("adopts one of each kind, kills strays, second spawns and what dead leaders left", () => {
  const all = [
    found(10, 100, "a", "s1"),
    found(11, 100, "a", "s2", 11, "sidecar"),
    found(12, 101, "a", "s1", 10),
    found(13, 102, "a", "s1"), // a: whole, with a child and a detached one
    found(20, 300, "b", "s4"),
    found(21, 200, "b", "s3"),
    found(22, 301, "b", "s4", 20), // b: spawned twice
    found(30, 100, "gone", "s5"),
    found(31, 100, "gone", "s5", 30),
    found(40, 100, "c", "s6", 39), // c: its leader is dead
    { pid: 50, startTime: 1, session: 50, role: "app/dos/x", spawn: "s7" },
  ];
  const plan = planAdoption("uno", all, new Set(["a", "b", "c"]));
  expect(plan.adopt.get("a")?.app?.pid).toBe(10);
  expect(plan.adopt.get("a")?.sidecar?.pid).toBe(11);
  expect(plan.adopt.get("b")?.app?.pid).toBe(21);
  expect(plan.adopt.has("c")).toBe(false);
  expect(plan.kill.map((process) => process.pid).sort()).toEqual([20, 22, 30, 31, 40]);
});

it("keeps the process that is already watched", () => {
  const plan = planAdoption(
    "uno",
    [found(20, 300, "b", "s4"), found(21, 200, "b", "s3")],
    new Set(["b"]),
    new Set([20]),
  );
  expect(plan.kill.map((process) => process.pid)).toEqual([21]);
});
