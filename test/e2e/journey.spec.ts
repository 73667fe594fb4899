import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { exitCodes } from "../../src/cli/cli-error.ts";
import { KubeClient } from "../../src/kube/kube-client.ts";
import { connectionFromKubeconfig } from "../../src/kube/kubeconfig.ts";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { ground, probeApp, settled } from "../harness/apps.ts";
import { follow } from "../harness/cli.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { Load } from "../harness/load.ts";
import { askApp, byStatus, readyPods, sidecarOf, through, type Reply } from "../harness/traffic.ts";

/** What a newcomer does, with nothing but files and the command line: declare, deploy, change, look, undo, delete. */
let fleet: TestFleet;
let folder: string;
let alice: string;
const probe = resolve(import.meta.dirname, "../fixtures/probe");
const file = (name: string) => join(folder, name);
const plain = probeApp({ name: "bob", replicas: 2 });
const withTraffic = (traffic: Record<string, unknown>) => probeApp({ name: "bob", replicas: 2, spec: { traffic } });
const call = (path: string) => through(alice, `http://bob.one${path}`);

/** Runs a command that has to work. */
async function run(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.cli(...words);
  expect(code, `quipu ${words.join(" ")}\n${stdout}${stderr}`).toBe(exitCodes.ok);
  return stdout;
}

/** Writes the App file, applies it, and asks until the effect shows; then waits for the release's end. */
async function edit(text: string, what: string, effect: () => Promise<boolean>): Promise<void> {
  writeFileSync(file("bob.yaml"), text);
  const began = performance.now();
  let seen: number | undefined;
  const watching = eventually(async () => {
    if (!(await effect())) throw new Error(`no effect of ${what} yet`);
    seen = performance.now();
  });
  await run("apply", "-f", file("bob.yaml"));
  const accepted = performance.now();
  await Promise.all([watching, settled(fleet, "bob")]);
  const inForce = performance.now();
  const ms = (since: number) => `${Math.round((seen as number) - since)} ms`;
  console.log(
    `${what}: effect ${ms(began)} after \`quipu apply\` was begun, ${ms(accepted)} after it ended, ${ms(inForce)} after its release had finished`,
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-journey-"));
  fleet = await TestFleet.start();
  writeFileSync(file("ground.yaml"), ground);
  writeFileSync(file("alice.yaml"), probeApp({ name: "alice", spec: { calls: [{ app: "bob" }] } }));
  writeFileSync(file("bob.yaml"), plain);
  await run("apply", "-f", folder);
  await Promise.all(["alice", "bob"].map((app) => run("deploy", app, "--from", probe)));
  alice = await sidecarOf(fleet, "alice");
});
afterAll(async () => {
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("a timeout, and undone", async () => {
  expect((await call("/?delay=400")).status).toBe(200);
  await edit(withTraffic({ timeout: "200ms" }), "timeout", async () => (await call("/?delay=400")).status === 504);
  await edit(plain, "timeout undone", async () => (await call("/?delay=400")).status === 200);
});

test("a rate limit, and undone", async () => {
  const limited = withTraffic({
    rateLimits: [{ requests: 3, unit: "hour", scope: "instance", match: { path: "/own" } }],
  });
  await edit(limited, "rate limit", async () => (await call("/own")).status === 429);
  const after: Reply[] = [];
  for (let count = 0; count < 12; count++) after.push(await call("/own"));
  expect(byStatus(after)[200] ?? 0).toBeLessThanOrEqual(6);
  expect((await call("/echo")).status).toBe(200);
  await edit(
    plain,
    "rate limit undone",
    async () => byStatus(await Promise.all([1, 2, 3, 4].map(() => call("/own"))))[200] === 4,
  );
});

test("a pool, and undone", async () => {
  const together = async () => byStatus(await Promise.all(Array.from({ length: 6 }, () => call("/?delay=200"))));
  expect(await together()).toEqual({ 200: 6 });
  await edit(
    withTraffic({ perCaller: { connectionPool: { maxRequests: 2 } } }),
    "pool",
    async () => (await together())[503] === 4,
  );
  await edit(plain, "pool undone", async () => (await together())[200] === 6);
});

test("a breaker, and undone", async () => {
  const detection = (consecutive5xxErrors: number) =>
    withTraffic({
      perCaller: {
        outlierDetection: { consecutive5xxErrors, interval: "1s", baseEjectionTime: "1m", maxEjectionPercent: 50 },
      },
    });
  const good = async () => {
    const replies = [];
    for (let count = 0; count < 12; count++) replies.push(await call("/echo"));
    return byStatus(replies)[200];
  };
  // Never ejected, so that a broken replica goes on failing its share.
  writeFileSync(file("bob.yaml"), detection(0));
  await run("apply", "-f", file("bob.yaml"));
  await settled(fleet, "bob");
  const [broken] = await readyPods(fleet, "bob");
  await askApp(fleet, broken as Pod, "toggle");
  for (let round = 0; round < 3; round++) expect(await good()).toBeLessThan(12);
  await edit(detection(2), "breaker", async () => (await good()) === 12);
  await edit(detection(0), "breaker undone", async () => (await good()) !== 12);
  await askApp(fleet, broken as Pod, "toggle?broken=0");
  writeFileSync(file("bob.yaml"), plain);
  await run("apply", "-f", file("bob.yaml"));
  await settled(fleet, "bob");
  expect(await good()).toBe(12);
});

test("new code under load: no request fails, and all of it ends up on the new version", async () => {
  const next = join(folder, "next");
  cpSync(probe, next, { recursive: true });
  const source = readFileSync(join(next, "index.mjs"), "utf8");
  writeFileSync(join(next, "index.mjs"), source.replace('process.env.VERSION ?? "1"', '"2"'));
  const watch = follow(fleet, "status", "bob", "--watch");
  const quick = new Load({ proxyIp: alice, url: "http://bob.one/echo", perSecond: 60 });
  const slow = new Load({ proxyIp: alice, url: "http://bob.one/?delay=300", perSecond: 10 });
  onTestFinished(async () => {
    await Promise.all([quick.stop(), slow.stop(), watch.interrupt()]);
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const began = performance.now();
  const said = await fleet.cli("deploy", "bob", "--from", next, "--why", "a better bob");
  const took = performance.now() - began;
  expect(said.code, said.stderr).toBe(exitCodes.ok);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const rate = quick.rate;
  for (const load of [quick, slow]) {
    const answers = await load.stop();
    expect(load.failed).toEqual([]);
    const versions = answers.toSorted((a, b) => a.at - b.at).map(({ version }) => version);
    expect(versions[0]).toBe("1");
    expect(new Set(versions.slice(-10))).toEqual(new Set(["2"]));
  }
  expect(rate).toBeGreaterThanOrEqual(20);
  expect(quick.answers.filter(({ at }) => at > 1000 + took).every(({ version }) => version === "2")).toBe(true);
  console.log(
    `deploy under load: ${quick.answers.length + slow.answers.length} requests, ${Math.round(rate)} of the quick ones a second, 0 failed; deployed in ${Math.round(took)} ms`,
  );
  await eventually(() => expect(watch.stdout()).toMatch(/bob-r\d+: deploy by [^]* 100 %[^]*finished/));
});

test("diff, lint and render say what would be", async () => {
  writeFileSync(file("bob.yaml"), withTraffic({ timeout: "7s" }));
  const before = await fleet.cli("diff", "-f", file("bob.yaml"));
  expect([before.code, before.stdout]).toEqual([
    exitCodes.failed,
    expect.stringContaining('+ spec.traffic: {"timeout":"7s"}'),
  ]);
  writeFileSync(file("bob.yaml"), plain);
  expect(await fleet.cli("diff", "-f", file("bob.yaml"))).toMatchObject({ code: exitCodes.ok, stdout: "" });
  writeFileSync(
    file("amplified.yaml"),
    probeApp({ name: "bob", spec: { traffic: { timeout: "1s", retries: { attempts: 5, perTryTimeout: "1s" } } } }),
  );
  expect(await fleet.cli("lint", "-f", file("amplified.yaml"))).toMatchObject({
    code: exitCodes.failed,
    stdout: expect.stringContaining("[retries-exceed-timeout]") as string,
  });
  const rendered = parseAllDocuments(await run("render", "bob")).map(
    (document) => (document.toJS() as { kind?: string } | null)?.kind,
  );
  for (const kind of [
    "Deployment",
    "HorizontalPodAutoscaler",
    "Service",
    "ServiceAccount",
    "DestinationRule",
    "VirtualService",
    "AuthorizationPolicy",
    "Sidecar",
  ])
    expect(rendered).toContain(kind);
});

test("get, logs, completion and kubeconfig", async () => {
  const app = parse(await run("get", "app", "bob", "-o", "yaml")) as {
    kind: string;
    metadata: { name: string };
    spec: object;
    status?: object;
  };
  expect(app).toMatchObject({ kind: "App", metadata: { name: "bob" }, spec: { team: "testers" } });
  writeFileSync(file("again.yaml"), stringify(app));
  expect(await run("apply", "-f", file("again.yaml"))).toContain("app/bob unchanged");
  expect(await run("get", "apps")).toMatch(/NAME[^]*alice[^]*bob/i);

  expect(await run("logs", "bob")).toContain("probe 2 listens");
  const following = follow(fleet, "logs", "bob", "-f", "--tail", "0");
  // Said again until it is heard: nothing tells when the command has begun to listen.
  await eventually(
    async () => {
      for (const pod of await readyPods(fleet, "bob")) await askApp(fleet, pod, "say?text=hello-from-the-log");
      expect(following.stdout()).toContain("hello-from-the-log");
    },
    15_000,
    300,
  );
  expect(following.stdout()).not.toContain("probe 2 listens");
  expect(await following.interrupt()).toBeOneOf([exitCodes.ok, 130, "SIGINT"]);

  expect(await run("completion", "bash")).toContain("complete -");
  expect((await run("__complete", "status", "bo")).split("\n")).toContain("bob");

  const kube = new KubeClient(connectionFromKubeconfig(await run("cluster", "kubeconfig", "bogota")));
  try {
    expect((await kube.list<Pod>(kinds.Pod, { labelSelector: "app=bob" })).items.length).toBeGreaterThanOrEqual(2);
  } finally {
    await kube.close();
  }
});

test("exit codes", async () => {
  const codeOf = async (env: Record<string, string>, ...words: string[]) => {
    const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
    Object.assign(process.env, env);
    try {
      return (await fleet.cli(...words)).code;
    } finally {
      for (const [name, value] of Object.entries(before))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  };
  expect(await codeOf({}, "get", "app", "nobody")).toBe(exitCodes.notFound);
  expect(await codeOf({}, "status", "nobody")).toBe(exitCodes.notFound);
  expect(await codeOf({}, "apply", "-f", file("missing.yaml"))).toBe(exitCodes.usage);
  expect(await codeOf({}, "nonsense")).toBe(exitCodes.usage);
  expect(
    await codeOf({ QUIPU_SERVER: `http://127.0.0.1:${fleet.fleet.port}`, QUIPU_TOKEN: "wrong" }, "get", "apps"),
  ).toBe(exitCodes.denied);
  expect(await codeOf({ QUIPU_SERVER: "http://127.0.0.1:9", QUIPU_TOKEN: "any" }, "get", "apps")).toBe(
    exitCodes.unavailable,
  );
});

test("delete: the app, its pods and the way to it are gone; its caller is told so and goes on", async () => {
  await run("delete", "app", "bob");
  await eventually(
    async () => expect((await fleet.cli("get", "app", "bob")).code).toBe(exitCodes.notFound),
    20_000,
    200,
  );
  await eventually(async () => {
    expect(await readyPods(fleet, "bob")).toEqual([]);
    expect((await call("/echo")).status).not.toBe(200);
  });
  expect(await run("status", "alice")).toContain("alice running");
  expect((await fleet.cli("lint", "alice")).stdout).toContain("[missing-callee]");
});
