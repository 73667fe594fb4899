import { expect, test } from "vitest";
import { planSupervision } from "./supervision.ts";

const found = (pid: number, startTime: number, role: string, session = pid) => ({
  pid,
  startTime,
  role,
  session,
  spawn: "",
});
const pids = (plan: ReturnType<typeof planSupervision>) => ({
  adopt: Object.fromEntries([...plan.adopt].map(([role, { pid }]) => [role, pid])),
  kill: plan.kill.map(({ pid }) => pid),
});

test("each role is adopted once: the elder stays, the second goes, others' roles are let alone", () => {
  const all = [found(30, 9, "server"), found(20, 5, "server"), found(21, 5, "cluster/uno"), found(22, 5, "app/uno/u")];
  expect(pids(planSupervision(["server", "cluster/uno", "mesh/uno"], all))).toEqual({
    adopt: { server: 20, "cluster/uno": 21 },
    kill: [30],
  });
});

test("what is looked after already stays, even when an elder turns up", () => {
  const all = [found(20, 5, "server"), found(30, 9, "server")];
  expect(pids(planSupervision(["server"], all, new Set([30])))).toEqual({ adopt: { server: 30 }, kill: [20] });
});

test("a fork of a cluster that has not become a pod's process yet is neither adopted nor ended", () => {
  const all = [found(40, 9, "cluster/uno", 20)];
  expect(pids(planSupervision(["cluster/uno"], all))).toEqual({ adopt: {}, kill: [] });
});
