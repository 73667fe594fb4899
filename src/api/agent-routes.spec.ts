import { afterEach, beforeEach, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { eventually } from "../../test/harness/eventually.ts";
import { startTestServer, testToken, type TestServer } from "../cluster/api/testing-server.ts";
import { ClusterAgent, ReplacedByAnother } from "../fleet/agent.ts";
import { AgentClient } from "../fleet/agent-client.ts";
import { AgentHost } from "../fleet/agent-host.ts";
import { ClaimRefused } from "../fleet/cluster-claims.ts";
import { DesiredObjects } from "../fleet/desired.ts";
import { Healing } from "../fleet/healing.ts";
import { memoryLedger, type Ledger } from "../fleet/ledger.ts";
import { KubeClient } from "../kube/kube-client.ts";
import type { Seen } from "../model/rows.ts";
import type { ConfigMap } from "../objects/core.ts";
import { kinds } from "../objects/kinds.ts";
import { type ApiGround, startApi } from "./api-ground.ts";

/** An agent over real HTTP, at work in an embedded cluster. */
let api: ApiGround;
let url: string;
let cluster: TestServer;
let kube: KubeClient;
let desired: DesiredObjects;
let ledger: Ledger;
let healing: Healing;
let seen: Seen | undefined;
let refused: string | undefined;
/** Reports in which the pods that were there from the beginning are missing. */
let forgotten: Seen[];
const undo: (() => Promise<unknown>)[] = [];

async function serve(port = 0): Promise<void> {
  const host = new AgentHost({
    cluster: "lima",
    desired,
    ledger,
    claim: async (uid) => {
      if (refused !== undefined) throw new ClaimRefused(refused);
      return { identity: { uid, since: 1 }, fresh: false };
    },
    mayBeEmpty: () => true,
    healing,
    report: async (report) => {
      seen = report;
      if (report.ready["checkout"] === undefined) forgotten.push(report);
    },
    last: () => seen,
    connected: () => undefined,
    now: Date.now,
  });
  api = await startApi({ agents: new Map([["lima", host]]) });
  url = await api.server.listen({ host: "127.0.0.1", port });
}
beforeEach(async () => {
  [desired, ledger, seen, refused, forgotten] = [new DesiredObjects(), memoryLedger(), undefined, undefined, []];
  healing = new Healing();
  cluster = await startTestServer();
  kube = new KubeClient({ server: `https://127.0.0.1:${cluster.port}`, ca: cluster.rootPem, token: testToken });
  await serve();
});
afterEach(async () => {
  await Promise.all(undo.splice(0).map((each) => each()));
  await kube.close();
  await api.stop();
  await cluster.stop();
});

async function enrol(): Promise<string> {
  const body = { server: "https://quipu.example", image: "quipu:1" };
  const { status, text } = await api.call("POST", "/api/v1/clusters/lima/agent", { body });
  expect(status).toBe(200);
  const documents = parseAllDocuments(text).map(
    (each) => each.toJS() as { kind: string; stringData?: { token: string } },
  );
  return documents.find(({ kind }) => kind === "Secret")!.stringData!.token;
}
function start(token: string, agent = "the-only-agent") {
  const server = new AgentClient({ server: url, cluster: "lima", agent, token: () => token });
  const problems: (string | undefined)[] = [];
  const stop = new AbortController();
  const ended = new ClusterAgent({
    cluster: "lima",
    server,
    kube,
    contact: (problem) => problems.push(problem),
    backOff: { baseMs: 5, maxMs: 50 },
  })
    .run(stop.signal)
    .then(
      () => "stopped",
      (error: unknown) => error,
    );
  undo.push(async () => {
    stop.abort();
    await server.close();
    await ended;
  });
  return { problems, ended };
}
const map = (value: string): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: "default", name: "a" },
  data: { value },
});
const ref = { namespace: "default", name: "a" };
const valueThere = async () => (await kube.find<ConfigMap>(kinds.ConfigMap, ref))?.data?.["value"];

it("applies what the server wants, keeps the ledger there and reports; after a restart of the server it goes on", async () => {
  desired.change(1, { put: [map("one")] });
  const { problems } = start(await enrol());
  await eventually(() => expect(seen).toMatchObject({ cluster: "lima", applied: 1, identity: { since: 1 } }));
  expect(await valueThere()).toBe("one");
  expect((await ledger.read("lima")).map(({ made }) => made)).toEqual([true]);
  const { port } = new URL(url);
  const token = await api.store.read((tx) => tx.tokens()).then((all) => all.find(({ id }) => id === "agent-lima")!);
  await api.stop();
  await eventually(() => expect(problems.at(-1)).toMatch(/broke off|can't be reached/));
  // Healed although nobody can be asked.
  await kube.delete(kinds.ConfigMap, ref);
  await eventually(async () => expect(await valueThere()).toBe("one"));
  desired.change(2, { put: [map("two")] });
  await serve(Number(port));
  await api.store.write((tx) => tx.putToken(token));
  await eventually(() => expect(seen).toMatchObject({ applied: 2 }));
  expect(await valueThere()).toBe("two");
  expect(problems.at(-1)).toBeUndefined();
  desired.change(3, { remove: ["v1/ConfigMap/default/a"] });
  await eventually(async () => expect(await valueThere()).toBeUndefined());
  await eventually(async () => expect(await ledger.read("lima")).toEqual([]));
});

it("leaves what is changed by hand while the server says so, the server being away or not, and tells what it is", async () => {
  healing.set([{ until: Date.now() + 3_600_000, why: "at night" }]);
  desired.change(1, { put: [map("one")] });
  const { problems } = start(await enrol());
  await eventually(() => expect(seen).toMatchObject({ applied: 1 }));
  await kube.patch(kinds.ConfigMap, ref, { data: { value: "theirs" } }, "merge", { fieldManager: "kubectl-edit" });
  const fields = [{ field: ".data.value", found: '"theirs"', wanted: '"one"', managers: ["kubectl-edit"] }];
  const waits = "healing is paused: at night";
  await eventually(() =>
    expect(seen).toMatchObject({ drifting: 1, drift: [{ object: "ConfigMap default/a", fields, waits }] }),
  );
  const { port } = new URL(url);
  const token = await api.store.read((tx) => tx.tokens()).then((all) => all.find(({ id }) => id === "agent-lima")!);
  await api.stop();
  await eventually(() => expect(problems.at(-1)).toBeDefined());
  await kube.patch(kinds.ConfigMap, ref, { data: { value: "again" } }, "merge", { fieldManager: "kubectl-edit" });
  await serve(Number(port));
  await api.store.write((tx) => tx.putToken(token));
  await eventually(() => expect(seen).toMatchObject({ drifting: 1, drift: [{ fields: [{ found: '"again"' }] }] }));
  expect(await valueThere()).toBe("again");
  healing.set([]);
  await eventually(async () => expect(await valueThere()).toBe("one"));
  await eventually(() => expect(seen).not.toHaveProperty("drifting"));
  expect(seen!.drift).toMatchObject([{ healedAt: expect.any(Number) as number }]);
});

it("an agent that has just begun takes nothing away that is known: having seen nothing isn't having seen that nothing is there", async () => {
  const ready = { checkout: { r1: { ready: 2, total: 2 } } };
  seen = { cluster: "lima", applied: 40, ready, at: 1000 };
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const slow = kube.list.bind(kube);
  // The pods are long in coming.
  kube.list = async (kind, options) => {
    if (kind === kinds.Pod) await asked;
    return slow(kind, options);
  };
  desired.change(41, { put: [map("one")] });
  undo.push(async () => answer());
  start(await enrol());
  await eventually(() => expect(seen).toMatchObject({ identity: { since: 1 } }));
  expect(seen).toMatchObject({ applied: 40, ready });
  // However long ago that was seen, by the server's clock.
  expect(seen.at).toBeLessThan(60_000);
  expect(forgotten).toEqual([]);
  answer();
  await eventually(() => expect(seen).toMatchObject({ applied: 41, ready: {} }));
});

it("leaves a cluster alone that isn't the one, and says so", async () => {
  refused = "this is another cluster";
  desired.change(1, { put: [map("one")] });
  start(await enrol());
  await eventually(() => expect(seen?.error).toContain("this is another cluster"));
  expect(await valueThere()).toBeUndefined();
  refused = undefined;
  await eventually(() => expect(seen).toMatchObject({ applied: 1 }));
});

it("ends when another one dials in", async () => {
  const token = await enrol();
  const first = start(token, "the-first-agent");
  await eventually(() => expect(seen).toBeDefined());
  start(token, "the-second-agent");
  expect(await first.ended).toBeInstanceOf(ReplacedByAnother);
});

it("turns away whoever holds the token of before, who then does nothing more: another one may be at work", async () => {
  desired.change(1, { put: [map("one")] });
  const { problems } = start(await enrol());
  await eventually(() => expect(seen).toMatchObject({ applied: 1 }));
  expect(problems).toEqual([undefined]);
  const token = await enrol();
  await eventually(() => expect(problems.at(-1)).toMatch(/The token isn't known/));
  // Time for its worker to end, and for it to try again more than once.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await kube.delete(kinds.ConfigMap, ref);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await valueThere()).toBeUndefined();
  start(token, "the-next-agent");
  await eventually(async () => expect(await valueThere()).toBe("one"));
});

it("lets in the agent of the cluster alone, by its newest token, and lets it do nothing else", async () => {
  const old = await enrol();
  const token = await enrol();
  const ask = (path: string, using: string) => api.get(path, { token: using, headers: { "quipu-agent": "somebody" } });
  const mine = "/api/v1/clusters/lima/agent/ledger";
  expect((await ask(mine, old)).status).toBe(401);
  // It must have dialled in.
  expect(await ask(mine, token)).toMatchObject({ status: 409, body: { code: "agent-replaced" } });
  expect(await ask("/api/v1/clusters/bogota/agent/ledger", token)).toMatchObject({
    status: 403,
    body: { found: "agent of lima" },
  });
  expect((await ask("/api/v1/apps", token)).status).toBe(403);
  expect(await api.get(mine)).toMatchObject({ status: 400, body: { field: "quipu-agent" } });
  expect(
    await api.call("POST", "/api/v1/clusters/none/agent", { body: { server: "https://a", image: "b" } }),
  ).toMatchObject({ status: 404 });
  expect(await api.call("POST", "/api/v1/clusters/lima/agent", { body: { server: "a", image: "b" } })).toMatchObject({
    status: 400,
    body: { field: expect.stringContaining("server") as string },
  });
  await api.call("DELETE", "/api/v1/clusters/lima");
  expect((await ask(mine, token)).status).toBe(401);
});
