/** What somebody changes by hand in a real cluster that has joined: seen, shown and healed; or left, while that is paused. And what isn't well there by itself. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DriftedObject } from "../../src/model/drift.ts";
import type { Unhealthy } from "../../src/model/unhealthy.ts";
import type { Deployment } from "../../src/objects/core.ts";
import type { VirtualService } from "../../src/objects/istio.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { eventually } from "../harness/eventually.ts";
import { ended, put } from "../harness/releases.ts";
import { startJoinedFleet, type JoinedFleet } from "./support/joined-fleet.ts";

const run = promisify(execFile);
const long = 240_000;
const namespace = "real";
let joined: JoinedFleet;
beforeAll(async () => {
  joined = await startJoinedFleet();
  await joined.declare("uno", { kubeconfig: { context: "uno", path: joined.testbed.kubeconfig } });
  await put(joined.fleet, "{ apiVersion: quipu.dev/v1, kind: Team, metadata: { name: testers }, spec: {} }");
  await put(joined.fleet, `{ apiVersion: quipu.dev/v1, kind: Segment, metadata: { name: ${namespace} }, spec: {} }`);
  await joined.untilReady("uno");
  await release("checkout", "one");
});
afterAll(() => joined?.stop());

async function release(name: string, tag: string, max = 2): Promise<void> {
  const spec = {
    ...{ team: "testers", segment: namespace },
    workload: { replicas: { min: 2, max }, drain: "1s" },
    placement: { clusters: { matchLabels: { kind: "real" } } },
    traffic: { timeout: "3s" },
    rollout: { steps: [{ weight: 50, hold: "0s" }] },
  };
  await put(joined.fleet, JSON.stringify({ apiVersion: "quipu.dev/v1", kind: "App", metadata: { name }, spec }));
  const { body } = await joined.fleet.client.call<{ releases: string[] }>("POST", `/api/v1/apps/${name}/deploys`, {
    body: { image: `registry.example/${name}:${tag}` },
  });
  const number = Number(body.releases[0]!.slice(name.length + 2));
  expect(await ended(joined.fleet, { app: name, number }, long)).toMatchObject({ phase: "finished" });
}
const kubectl = (...words: string[]) =>
  run(joined.testbed.kubectl, ["--kubeconfig", joined.testbed.kubeconfig, "-n", namespace, ...words]);
/** What an operator does at night: longer timeouts, by an unmodified kubectl. */
const editTimeout = (timeout: string) =>
  kubectl(
    ...["patch", "virtualservice", "checkout", "--type=json"],
    ...["-p", JSON.stringify([{ op: "replace", path: "/spec/http/0/timeout", value: timeout }])],
  );
const timeout = async () =>
  (await joined.real[0]!.get<VirtualService>(kinds.VirtualService, { namespace, name: "checkout" })).spec?.http?.[0]
    ?.timeout;
const account = () => joined.real[0]!.find(kinds.ServiceAccount, { namespace, name: "checkout" });
const worker = () =>
  joined.fleet.client.get<{ drift: DriftedObject[]; drifting: number }>("/api/v1/clusters/uno/worker");
/** As the API tells it, of a time after `since`. */
const told = (object: string, since: number, more: object) =>
  eventually(async () => {
    const found = (await worker()).drift.find((each) => each.object === object && each.at >= since);
    expect(found).toMatchObject(more);
    return found!;
  });
const edited = {
  app: "checkout",
  fields: [{ field: ".spec.http[0].timeout", found: '"60s"', wanted: '"3s"', managers: ["kubectl-patch"] }],
  managers: ["kubectl-patch"],
};
const removed = { app: "checkout", deleted: true, fields: [] };
const routes = `VirtualService ${namespace}/checkout`;
const serviceAccount = `ServiceAccount ${namespace}/checkout`;

test("an object that is edited, and one that is deleted: seen, shown with the field and who did it, healed", async () => {
  const measured: string[] = [];
  for (const [what, act, object, found] of [
    ["edited", () => editTimeout("60s"), routes, edited],
    ["deleted", () => kubectl("delete", "serviceaccount", "checkout"), serviceAccount, removed],
  ] as const) {
    const began = Date.now();
    await act();
    const { at, healedAt } = await told(object, began, found);
    expect(healedAt).toBeGreaterThanOrEqual(at);
    measured.push(`${what}: seen and healed ${healedAt! - began} ms after kubectl was started`);
  }
  expect(await timeout()).toBe("3s");
  expect(await account()).toBeDefined();
  console.log(measured.join("\n"));

  const { stdout } = await joined.fleet.cli("describe", "cluster", "uno");
  expect(stdout).toMatch(/Changed by hand\n✔ ServiceAccount real\/checkout deleted \S+ ago; put right/);
  expect(stdout).toMatch(/✔ VirtualService real\/checkout changed by kubectl-patch \S+ ago; put right/);
  expect(stdout).toContain('.spec.http[0].timeout: "60s" → "3s"');
  await eventually(async () =>
    expect((await joined.fleet.cli("describe", "app", "checkout")).stdout).toContain(
      `uno: ${routes} changed by kubectl`,
    ),
  );
});

test("paused: seen, shown and left, with its end and its reason; releases go on; resumed: healed at once", async () => {
  const { fleet, status, untilReady } = joined;
  const paused = await fleet.cli("cluster", "pause-healing", "uno", "--for", "1h", "--why", "timeouts by hand");
  expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining("uno: healing is paused until 20") });
  const condition = { type: "Healing", status: "False", reason: "Paused" };
  expect((await status("uno")).conditions).toContainEqual({
    ...condition,
    message: expect.stringMatching(/^healing is paused until 20.*: timeouts by hand$/),
  });
  const began = Date.now();
  await editTimeout("60s");
  const waits = { waits: "healing is paused: timeouts by hand" };
  const first = await told(routes, began, { ...edited, ...waits });
  console.log(`paused: seen ${first.at - began} ms after kubectl was started`);
  await kubectl("delete", "serviceaccount", "checkout");
  await told(serviceAccount, began, { ...removed, ...waits });
  expect((await worker()).drifting).toBe(2);
  // What the worker reports comes a moment after what it says when it is asked.
  await eventually(async () =>
    expect(await fleet.client.get<object>("/api/v1/clusters/uno")).toMatchObject({ status: { drifting: 2 } }),
  );
  expect((await fleet.cli("describe", "cluster", "uno")).stdout).toMatch(
    /= VirtualService real\/checkout changed by kubectl-patch \S+ ago, 2 times; waits: healing is paused: timeouts by hand\n\s+\.spec\.http\[0\]\.timeout: "60s" → "3s"/,
  );

  // What is wanted of others is applied all the same, however long that takes: none of it heals.
  await release("search", "one", 4);
  expect(await timeout()).toBe("60s");
  expect(await account()).toBeUndefined();

  const resumed = await fleet.cli("cluster", "resume-healing", "uno");
  expect(resumed).toMatchObject({ code: 0, stdout: expect.stringContaining("2 objects that were changed by hand") });
  await eventually(async () => expect(await timeout()).toBe("3s"));
  await eventually(async () => expect(await account()).toBeDefined());
  await eventually(async () => expect(await worker()).toMatchObject({ drifting: 0 }));
  for (const { healedAt } of (await worker()).drift) expect(healedAt).toBeDefined();
  expect((await status("uno")).conditions).toHaveLength(1);
  await untilReady("uno");
});

test("paused for one app: its routes stay as they were edited, another's are healed; what its release changes is written", async () => {
  const { fleet, real } = joined;
  const refused = await fleet.cli("cluster", "pause-healing", "uno", "--app", "chekcout");
  expect(refused.stderr).toContain("There is no App chekcout");
  expect(await fleet.cli("cluster", "resume-healing", "uno")).toMatchObject({ code: 0 });
  expect(await fleet.cli("cluster", "pause-healing", "uno", "--app", "checkout")).toMatchObject({ code: 0 });
  let began = Date.now();
  await editTimeout("60s");
  await told(routes, began, { ...edited, waits: "healing of checkout is paused" });
  began = Date.now();
  await kubectl("delete", "destinationrule", "search");
  await told(`DestinationRule ${namespace}/search`, began, { deleted: true, healedAt: expect.any(Number) as number });
  expect(await timeout()).toBe("60s");
  expect((await worker()).drifting).toBe(1);

  // The release shifts weights in the routes: they are written whole.
  began = Date.now();
  await release("checkout", "two");
  expect(await timeout()).toBe("3s");
  await told(routes, 0, { healedAt: expect.any(Number) as number });
  expect((await worker()).drifting).toBe(0);
  await fleet.cli("cluster", "resume-healing", "uno");
  const { items } = await real[0]!.list<Deployment>(kinds.Deployment, { namespace, labelSelector: "app=checkout" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["checkout-r2"]);
});

test("what others hold stays theirs: an operator's annotation and label, and an autoscaler's replicas", async () => {
  const { fleet, real } = joined;
  const name = "checkout-r2";
  const began = Date.now();
  // Its own autoscaler holds these, or whoever is quicker.
  await kubectl("scale", "deployment", "search-r1", "--replicas=3");
  await kubectl("annotate", "deployment", name, "example.com/operator=was-here");
  await kubectl("label", "deployment", name, "example.com/tier=gold");
  // Something that is healed after it: the worker has been there since.
  await kubectl("delete", "serviceaccount", "checkout");
  await told(serviceAccount, began, { ...removed, healedAt: expect.any(Number) as number });
  const { metadata } = await real[0]!.get<Deployment>(kinds.Deployment, { namespace, name });
  expect(metadata).toMatchObject({
    annotations: { "example.com/operator": "was-here" },
    labels: { "example.com/tier": "gold", app: "checkout" },
  });
  const scaled = await real[0]!.get<Deployment>(kinds.Deployment, { namespace, name: "search-r1" });
  expect(scaled.spec?.replicas).toBe(3);
  expect((await worker()).drift.filter(({ object, at }) => object.startsWith("Deployment") && at >= began)).toEqual([]);
  expect(await fleet.client.get<object>("/api/v1/clusters/uno")).not.toHaveProperty("status.error");
});

test("what isn't well by its own status: an autoscaler without figures, an end that is held up; until it is over", async () => {
  const { fleet, real } = joined;
  const unhealthy = async () =>
    (await fleet.client.get<{ unhealthy: Unhealthy }>("/api/v1/clusters/uno/worker")).unhealthy.objects;
  const finalizers = (...names: string[]) =>
    kubectl(
      "patch",
      "serviceaccount",
      "search",
      "--type=merge",
      "-p",
      JSON.stringify({ metadata: { finalizers: names } }),
    );
  await finalizers("example.com/hold");
  await kubectl("delete", "serviceaccount", "search", "--wait=false");
  const held = { object: `ServiceAccount ${namespace}/search`, app: "search" };
  const problem = "is being deleted: it waits for the finalizer example.com/hold";
  await eventually(async () => expect(await unhealthy()).toContainEqual(expect.objectContaining({ ...held, problem })));
  // The cluster has no metrics API, and its own autoscaler says so.
  const scaler = { object: `HorizontalPodAutoscaler ${namespace}/search-r1`, app: "search" };
  const without = expect.stringMatching(/^FailedGetResourceMetric: .*metrics/) as string;
  await eventually(async () =>
    expect(await unhealthy()).toContainEqual(expect.objectContaining({ ...scaler, problem: without })),
  );
  expect((await fleet.cli("describe", "cluster", "uno")).stdout).toMatch(
    /Unhealthy\n(✖ .*\n)*✖ ServiceAccount real\/search for \d+s: is being deleted: it waits for the finalizer/,
  );
  await eventually(async () =>
    expect((await fleet.cli("describe", "app", "search")).stdout).toContain(`✖ uno: ${held.object} for`),
  );

  await finalizers();
  await eventually(async () => expect(await unhealthy()).not.toContainEqual(expect.objectContaining(held)));
  await eventually(async () =>
    expect(await real[0]!.find(kinds.ServiceAccount, { namespace, name: "search" })).not.toHaveProperty(
      "metadata.deletionTimestamp",
    ),
  );
});

test("an embedded cluster tells the same, in the same words", async () => {
  const { fleet } = joined;
  expect(await fleet.cli("cluster", "pause-healing", "bogota", "--for", "30m", "--why", "a look")).toMatchObject({
    code: 0,
  });
  const kube = fleet.kube("bogota");
  const gateway = { namespace: "istio-system", name: "istio-ingressgateway" };
  try {
    await kube.delete(kinds.ServiceAccount, gateway);
    const line = /ServiceAccount istio-system\/istio-ingressgateway deleted \S+ ago; (.*)\n/;
    const said = async () => line.exec((await fleet.cli("describe", "cluster", "bogota")).stdout)?.[1];
    await eventually(async () => expect(await said()).toBe("waits: healing is paused: a look"));
    expect(await kube.find(kinds.ServiceAccount, gateway)).toBeUndefined();
    await fleet.cli("cluster", "resume-healing", "bogota");
    await eventually(async () => expect(await kube.find(kinds.ServiceAccount, gateway)).toBeDefined());
    await eventually(async () => expect(await said()).toBe("put right"));
  } finally {
    await kube.close();
  }
});
