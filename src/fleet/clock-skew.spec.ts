import { afterEach, beforeEach, expect, test } from "vitest";
import { behind, startBadApi, type BadApi } from "../../test/harness/bad-kube-api.ts";
import { eventually } from "../../test/harness/eventually.ts";
import {
  api,
  app,
  at,
  deployment,
  desired,
  ledger,
  money,
  namespace,
  other,
  service,
  start,
  useWorkers,
} from "../../test/harness/workers.ts";
import { testToken } from "../cluster/api/testing-server.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Pod, Service } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { objectKey } from "./desired.ts";

useWorkers();

const tenMinutes = 600_000;
let bad: BadApi;
let far: KubeClient;
beforeEach(async () => {
  bad = await startBadApi(api, { now: Date.now() - tenMinutes });
  bad.fault = behind(tenMinutes);
  far = new KubeClient({ server: `https://127.0.0.1:${bad.port}`, ca: bad.rootPem, token: testToken });
});
afterEach(async () => {
  bad.hangUp();
  await far.close();
  await bad.close();
});

test("a cluster ten minutes in the past is applied, observed, healed and pruned as any other, by our own clock", async () => {
  const began = Date.now();
  desired.change(1, { put: [namespace(), ...app("checkout"), ...app("search")] });
  const { applied, seen, events, worker } = start({ kube: far });
  await applied(1);
  const made = Date.parse((await far.get(kinds.Service, at("checkout"))).metadata.creationTimestamp!);
  // Its clock is behind, in what the worker reads too.
  expect(began - made).toBeGreaterThan(tenMinutes - 60_000);

  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name: "checkout-1", namespace: money },
      labels: { app: "checkout", "quipu.dev/revision": "r1", "quipu.dev/managed": "true" },
    },
    spec: { containers: [{ name: "app", image: "example/app:1" }] },
  };
  await other.create(pod);
  await other.patch(
    kinds.Pod,
    at("checkout-1"),
    { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
    "merge",
    { subresource: "status" },
  );
  await eventually(() => expect(seen().ready["checkout"]?.["r1"]).toMatchObject({ ready: 1, total: 1 }));
  expect(seen().at).toBeGreaterThanOrEqual(began);

  await other.patch(kinds.Service, at("checkout"), { spec: { selector: { app: "theirs" } } }, "merge");
  await eventually(async () =>
    expect((await other.get<Service>(kinds.Service, at("checkout"))).spec?.selector).toEqual({ app: "checkout" }),
  );
  await eventually(() => expect(seen().drift?.[0]).toMatchObject({ object: `Service ${money}/checkout` }));
  expect(seen().drift![0]!.at).toBeGreaterThanOrEqual(began);

  desired.change(2, { put: [deployment("checkout", { minReadySeconds: 3 })], remove: [objectKey(service("search"))] });
  await applied(2);
  await eventually(async () => expect(await other.find(kinds.Service, at("search"))).toBeUndefined());
  expect(events.filter(({ type }) => type === "refused" || type === "contact-lost")).toEqual([]);
  expect(worker.status()).not.toHaveProperty("error");
  expect((await ledger.read("lima")).map(({ key }) => key).toSorted()).toEqual(
    [...desired.objects()].map(({ key }) => key).toSorted(),
  );
});
