import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Deployment, Service } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { ownProcesses } from "../../src/process/proc.ts";
import { AgentProcess } from "../harness/agent-process.ts";
import { eventually } from "../harness/eventually.ts";
import { ended, put } from "../harness/releases.ts";
import { kubeconfigFile, startJoinedFleet, type JoinedFleet } from "./support/joined-fleet.ts";

const run = promisify(execFile);
let joined: JoinedFleet;
const agents: AgentProcess[] = [];
beforeAll(async () => {
  joined = await startJoinedFleet();
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.end()));
  await joined?.stop();
});

const kubectl = (...words: string[]) =>
  run(joined.testbed.kubectl, ["--kubeconfig", joined.testbed.kubeconfig, ...words]);
const untilConnected = (agent: AgentProcess) =>
  eventually(() => expect(agent.output).toContain("connected to the server"));
const untilSaid = (words: RegExp) => eventually(async () => expect((await joined.status("uno")).error).toMatch(words));
const service = (name: string) => joined.real[0]!.find<Service>(kinds.Service, { namespace: "inside", name });

/** Takes the agent in: applies what the CLI prints, as whoever owns the cluster would. The token that it brings. */
async function enrol(): Promise<string> {
  const { fleet, testbed } = joined;
  const printed = await fleet.cli("cluster", "agent", "uno", "--image", "registry.example/quipu:1");
  expect(printed).toMatchObject({ code: 0, stderr: expect.stringContaining("is this machine alone") });
  const file = join(testbed.folder, "agent.yaml");
  writeFileSync(file, printed.stdout);
  await kubectl("apply", "-f", file);
  const secret = parseAllDocuments(printed.stdout)
    .map((document) => document.toJS() as { kind: string; stringData: { token: string } })
    .find(({ kind }) => kind === "Secret");
  return secret!.stringData.token;
}

/** What kwok doesn't: runs the agent, as the service account that the manifests made. */
async function startAgent(token: string): Promise<AgentProcess> {
  const { fleet, testbed } = joined;
  const tokenFile = join(testbed.folder, `token-${agents.length}`);
  writeFileSync(tokenFile, token);
  const { stdout } = await kubectl("create", "token", "quipu-agent", "-n", "quipu-system");
  const { server, ca } = testbed.clusters[0]!.connection;
  const kubeconfig = kubeconfigFile(testbed, "agent", "inside", { server, ca: ca!, token: stdout.trim() });
  const agent = new AgentProcess([
    ...["--cluster", "uno", "--server", fleet.client.server],
    ...["--token-file", tokenFile, "--kubeconfig", kubeconfig],
  ]);
  agents.push(agent);
  return agent;
}

const app = {
  apiVersion: "quipu.dev/v1",
  kind: "App",
  metadata: { name: "checkout" },
  spec: {
    team: "testers",
    segment: "inside",
    workload: { replicas: { min: 2, max: 3 }, drain: "1s" },
    placement: { clusters: { matchLabels: { kind: "real" } } },
    calls: [{ host: "api.example", port: 443 }],
    expose: [{ host: "shop.example", path: "/" }],
    traffic: { rateLimits: [{ requests: 50, unit: "second" }] },
    rollout: { steps: [{ weight: 50, hold: "0s" }] },
  },
};
const accepted = async (tag: string): Promise<number> => {
  const { body } = await joined.fleet.client.call<{ releases: string[] }>("POST", "/api/v1/apps/checkout/deploys", {
    body: { image: `registry.example/checkout:${tag}` },
  });
  return Number(body.releases[0]!.slice("checkout-r".length));
};
const finished = async (number: number): Promise<void> =>
  expect(await ended(joined.fleet, { app: "checkout", number }, 240_000)).toMatchObject({ phase: "finished" });
const deploy = async (tag: string): Promise<void> => finished(await accepted(tag));

test("an agent with exactly the rules that are printed for it applies, releases, observes and heals", async () => {
  const { fleet, declare, untilReady, status, real } = joined;
  await declare("uno", { agent: true });
  await untilSaid(/hasn't dialled in yet: "quipu cluster agent uno"/);
  await startAgent(await enrol());
  await untilReady("uno");
  expect((await status("uno")).uid).toMatch(/^[0-9a-f-]{36}$/);

  await put(fleet, "{ apiVersion: quipu.dev/v1, kind: Team, metadata: { name: testers }, spec: {} }");
  await put(fleet, "{ apiVersion: quipu.dev/v1, kind: Segment, metadata: { name: inside }, spec: {} }");
  await put(fleet, JSON.stringify(app));
  await deploy("one");
  await deploy("two");
  const { items } = await real[0]!.list<Deployment>(kinds.Deployment, { namespace: "inside" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["checkout-r2"]);
  await real[0]!.delete(kinds.Service, { namespace: "inside", name: "checkout" });
  await eventually(async () => expect(await service("checkout")).toBeDefined());
  expect(await status("uno")).not.toHaveProperty("error");
});

test("while the server is away the agent goes on healing, and takes up with the next one what it had", async () => {
  const { fleet, real } = joined;
  process.kill(fleet.supervisor, "SIGSTOP");
  const [server] = ownProcesses(fleet.fleet.id).filter(
    ({ role, pid, session }) => role === "server" && session === pid,
  );
  process.kill(server!.pid, "SIGKILL");
  await eventually(() => expect(agents[0]!.output).toMatch(/the server is tried again/));
  const before = await service("checkout");
  await real[0]!.delete(kinds.Service, { namespace: "inside", name: "checkout" });
  await eventually(async () => {
    const now = await service("checkout");
    expect(now?.metadata.uid).toBeDefined();
    expect(now?.metadata.uid).not.toBe(before?.metadata.uid);
  });
  process.kill(fleet.supervisor, "SIGCONT");
  await joined.untilReady("uno");
  await deploy("three");
});

test("the agent that dials in last counts; one that goes is told of, and whoever holds an old token isn't let in", async () => {
  const { untilReady, fleet } = joined;
  const token = await enrol();
  await eventually(() => expect(agents[0]!.output).toMatch(/The token isn't known/));
  await untilConnected(await startAgent(token));
  await untilConnected(await startAgent(token));
  await eventually(() => expect(agents[1]!.exitCode).toBe(4));
  expect(agents[1]!.output).toContain("another agent of this cluster has dialled in");
  await untilReady("uno");
  await agents[2]!.end("SIGKILL");
  await untilSaid(/its agent has gone/);
  await untilConnected(await startAgent(token));
  await untilReady("uno");
  // An agent may do nothing but its work.
  const denied = await fetch(`${fleet.client.server}/api/v1/apps`, { headers: { authorization: `Bearer ${token}` } });
  expect(denied.status).toBe(403);
  const elsewhere = await fetch(`${fleet.client.server}/api/v1/clusters/bogota/agent/ledger`, {
    headers: { authorization: `Bearer ${token}`, "quipu-agent": "somebody-else" },
  });
  expect(elsewhere.status).toBe(403);
});

test("an agent killed in the middle of a release: the next one goes on from there, to the same end", async () => {
  const { real, untilReady } = joined;
  const number = await accepted("four");
  const deployment = { namespace: "inside", name: `checkout-r${number}` };
  await eventually(async () => expect(await real[0]!.find(kinds.Deployment, deployment)).toBeDefined(), 240_000);
  await agents.at(-1)!.end("SIGKILL");
  await untilConnected(await startAgent(await enrol()));
  await finished(number);
  await untilReady("uno");
  const { items } = await real[0]!.list<Deployment>(kinds.Deployment, { namespace: "inside" });
  expect(items.map(({ metadata }) => metadata.name)).toEqual([deployment.name]);
});

test("an app that is withdrawn leaves nothing behind", async () => {
  const { fleet, real } = joined;
  await fleet.client.call("DELETE", "/api/v1/apps/checkout");
  await eventually(async () => {
    for (const kind of [
      kinds.Deployment,
      kinds.VirtualService,
      kinds.Service,
      kinds.HorizontalPodAutoscaler,
      kinds.Sidecar,
    ]) {
      const { items } = await real[0]!.list(kind, { namespace: "inside" });
      expect(items.map(({ metadata }) => metadata.name)).toEqual([]);
    }
  }, 240_000);
});
