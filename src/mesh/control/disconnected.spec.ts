import { expect, test } from "vitest";
import type { Pod } from "../../objects/core.ts";
import { disconnectedProxies } from "./disconnected.ts";

const podOf = (name: string, changes: { metadata?: object; spec?: object; status?: object } = {}): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "money", uid: name, creationTimestamp: "2026-01-01T00:00:10Z", ...changes.metadata },
    spec: { serviceAccountName: "app", containers: [{ name: "app" }, { name: "istio-proxy" }], ...changes.spec },
    status: { phase: "Running", podIP: "127.9.1.1", ...changes.status },
  }) as unknown as Pod;
const second = 1000;
const start = Date.parse("2026-01-01T00:00:00Z");
const options = { firstServedAt: start + 5 * second, ttlMs: 3600 * second };
const nobody = { connected: () => false, lastSeen: () => undefined };

test("pods with a sidecar and without a stream; not those that are ending, have ended, or have none", () => {
  const pods = [
    podOf("here"),
    podOf("on"),
    podOf("plain", { spec: { containers: [{ name: "app" }] } }),
    podOf("native", { spec: { containers: [{ name: "app" }], initContainers: [{ name: "istio-proxy" }] } }),
    podOf("ending", { metadata: { deletionTimestamp: "2026-01-01T00:00:20Z" } }),
    podOf("done", { status: { phase: "Succeeded" } }),
    podOf("gate", { metadata: { annotations: { "inject.istio.io/templates": "gateway" } } }),
  ];
  const sessions = { ...nobody, connected: ({ podUid }: { podUid: string }) => podUid === "on" };
  expect(disconnectedProxies(pods, sessions, options).map(({ id }) => id)).toEqual([
    "router~127.9.1.1~gate.money~money.svc.cluster.local",
    "sidecar~127.9.1.1~here.money~money.svc.cluster.local",
    "sidecar~127.9.1.1~native.money~money.svc.cluster.local",
  ]);
});

test("since when, and how long its certificate may be good", () => {
  const [met] = disconnectedProxies(
    [podOf("p")],
    { ...nobody, lastSeen: () => ({ id: "n", at: 7, certificateUntil: 9 }) },
    options,
  );
  expect(met).toEqual({
    id: "n",
    namespace: "money",
    pod: "p",
    serviceAccount: "app",
    since: 7,
    certificateUntil: 9,
  });
  // Made after this process began to serve, and never met: it can't have a certificate.
  const [fresh] = disconnectedProxies([podOf("p")], nobody, options);
  expect(fresh).not.toHaveProperty("certificateUntil");
  expect(fresh).not.toHaveProperty("since");
  // It may have met an earlier process, which gave certificates until this one took over.
  const [older] = disconnectedProxies(
    [podOf("p", { metadata: { creationTimestamp: "2026-01-01T00:00:01Z" } })],
    nobody,
    options,
  );
  expect(older?.certificateUntil).toBe(start + 3605 * second);
});
