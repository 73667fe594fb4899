import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import {
  api,
  at,
  desired,
  eventually,
  namespace,
  other,
  service,
  start,
  useWorkers,
  workers,
} from "../../test/harness/workers.ts";
import { testToken } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Service } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { objectKey } from "./desired.ts";

useWorkers();

test("ready pods are counted by app and revision, with the reason of those that aren't", async () => {
  desired.change(1, { put: [namespace()] });
  const { seen, applied } = start();
  await applied(1);
  const pod = (name: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...at(name), labels: { app: "checkout", "quipu.dev/revision": "r4", "quipu.dev/managed": "true" } },
    spec: { containers: [{ name: "app", image: "x" }] },
  });
  for (const name of ["a", "b"]) await other.create(pod(name));
  await eventually(() =>
    expect(seen().ready).toEqual({ checkout: { r4: { ready: 0, total: 2, reason: "starting" } } }),
  );
  await other.patch(
    kinds.Pod,
    at("a"),
    { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
    "merge",
    { subresource: "status" },
  );
  await other.patch(
    kinds.Pod,
    at("b"),
    {
      status: {
        containerStatuses: [
          {
            name: "app",
            ready: false,
            restartCount: 3,
            image: "x",
            imageID: "",
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1 } },
          },
        ],
      },
    },
    "merge",
    { subresource: "status" },
  );
  await eventually(() =>
    expect(seen().ready).toEqual({
      checkout: { r4: { ready: 1, total: 2, reason: "CrashLoopBackOff: exited with code 1" } },
    }),
  );
  expect(Date.now() - seen().at).toBeLessThan(60_000);
});

test("lost contact is told, changes nothing, and is taken up again with the newest word", async () => {
  const line = await relay(api.port);
  const far = new KubeClient({ server: `https://127.0.0.1:${line.port}`, ca: api.rootPem, token: testToken });
  desired.change(1, { put: [namespace(), service("checkout")] });
  const { seen, applied, events } = start({ kube: far });
  await applied(1);
  line.cut();
  desired.change(2, { put: [service("checkout", 81)], remove: [objectKey(namespace())] });
  await eventually(() => expect(events.at(-1)?.type).toBe("contact-lost"));
  await eventually(() => expect(seen().error).toMatch(/can't reach|broken off/));
  const { at: lastSeen } = seen();
  desired.change(3, { put: [service("checkout", 82)] });
  await eventually(() => expect(seen()).toMatchObject({ applied: 1 }));
  expect(seen().at).toBeLessThanOrEqual(lastSeen + 5);
  expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(80);
  line.mend();
  await applied(3);
  expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.ports?.[0]?.port).toBe(82);
  expect(events.map(({ type }) => type)).toContain("contact-restored");
  await eventually(() => expect(seen().error).toBeUndefined());
  await workers.pop()!.stop();
  await far.close();
  line.close();
});

/** A line to the API that can be cut. */
async function relay(target: number) {
  const sockets = new Set<Socket>();
  let up = true;
  const server = createServer((near) => {
    if (!up) {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from
        .on("error", () => to.destroy())
        .on("close", () => {
          sockets.delete(from);
          to.destroy();
        })
        .pipe(to);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = (): void => {
    up = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => {
      up = true;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
