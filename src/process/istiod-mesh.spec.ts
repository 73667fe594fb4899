import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { IstiodAccess } from "../istiod/access.ts";
import { IstiodMesh, type IstiodMeshOptions } from "./istiod-mesh.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("looks at what is rejected while nobody asks, until it is closed; rarely where that is forbidden", async () => {
  const asked: string[] = [];
  let status = 200;
  const access: IstiodAccess = {
    replicas: async () => ["istiod-1"],
    get: async (_, path) => {
      asked.push(path);
      return { status, body: "process_start_time_seconds 1\n" };
    },
  };
  const options = { access, link: { kube: {} }, waitMs: 0, now: () => Date.now(), inForce: () => ({ revision: 1 }) };
  const mesh = new IstiodMesh(options as unknown as IstiodMeshOptions);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(asked).toEqual(Array.from({ length: 4 }, () => "/metrics"));
  status = 403;
  await vi.advanceTimersByTimeAsync(500_000);
  expect(asked.length).toBeLessThanOrEqual(7);
  await mesh.close();
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(asked).toHaveLength(before);
});
