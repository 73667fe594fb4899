import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ApiError, type ProblemDocument } from "../../src/cli/api-client.ts";
import { exitCodes } from "../../src/cli/cli-error.ts";
import { deployProbe, ground, probeApp } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { Load } from "../harness/load.ts";
import { sidecarOf, through } from "../harness/traffic.ts";

/**
 * What is wrong is refused with a code, in the API and in the CLI; what can't run fails its release; and what runs stays
 * as it is. `alice` calls four apps all the while, each of which meets its own bad release.
 */
let fleet: TestFleet;
let folder: string;
let alice: string;
const victims = ["mistyped", "silent", "fleeting", "unready"];
const loads = new Map<string, Load>();
/** Counts from the next release on: the good ones have all the time they need. */
const impatient = { rollout: { progressDeadline: "10s", analysis: { interval: "2s" } } };
const bobYaml = (change: (text: string) => string) =>
  change(probeApp({ name: "bob", spec: { traffic: { timeout: "3s" } } }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-bad-"));
  fleet = await TestFleet.start();
  await fleet.apply(ground);
  await fleet.apply(
    [
      ...victims.map((name) => probeApp({ name })),
      probeApp({ name: "alice", spec: { calls: victims.map((app) => ({ app })) } }),
    ].join("---\n"),
  );
  await deployProbe(fleet, ...victims, "alice");
  await fleet.apply(victims.map((name) => probeApp({ name, spec: impatient })).join("---\n"));
  alice = await sidecarOf(fleet, "alice");
  for (const app of victims) loads.set(app, new Load({ proxyIp: alice, url: `http://${app}.one/echo`, perSecond: 15 }));
});
afterAll(async () => {
  for (const load of loads.values()) await load.stop();
  await fleet?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function refused(promise: Promise<unknown>): Promise<ProblemDocument> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return (error as ApiError).problem;
}
const put = (name: string, body: unknown, headers: Record<string, string> = {}) =>
  fleet.client.call("PUT", `/api/v1/apps/${name}`, { body, headers });
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const problemsOf = (problem: ProblemDocument) => problem.problems ?? [problem];

describe("what can't be declared is refused with its code, field and what is accepted; the CLI names the line", () => {
  const spec = (more: Record<string, unknown>) => probeApp({ name: "bob", spec: more });
  const workload = (more: Record<string, unknown>) => probeApp({ name: "bob", workload: more });
  const cases: [what: string, text: string, code: string, field: string, hint: RegExp][] = [
    ["a misspelt field", spec({ trafic: { timeout: "3s" } }), "unknown-field", "spec.trafic", /traffic/],
    [
      "a misspelt field deep inside",
      spec({ traffic: { perCaller: { conectionPool: {} } } }),
      "unknown-field",
      "spec.traffic.perCaller.conectionPool",
      /connectionPool/,
    ],
    ["an unknown field", spec({ zebra: 1 }), "unknown-field", "spec.zebra", /zebra/],
    ["a duration without unit", spec({ traffic: { timeout: "3" } }), "wrong-unit", "spec.traffic.timeout", /3s/],
    [
      "a duration in an unknown unit",
      spec({ traffic: { timeout: "3 seconds" } }),
      "wrong-unit",
      "spec.traffic.timeout",
      /ms/,
    ],
    [
      "memory in an unknown unit",
      workload({ resources: { limits: { memory: "512MB" } } }),
      "wrong-unit",
      "spec.workload.resources.limits.memory",
      /Mi/,
    ],
    [
      "a port out of range",
      workload({ ports: [{ name: "http", port: 70000 }] }),
      "out-of-range",
      "spec.workload.ports[0].port",
      /65535/,
    ],
    ["no replicas", workload({ replicas: { min: 0, max: 2 } }), "out-of-range", "spec.workload.replicas.min", /1/],
    [
      "more at least than at most",
      workload({ replicas: { min: 3, max: 2 } }),
      "conflicting-fields",
      "spec.workload.replicas",
      /3|2/,
    ],
    [
      "a percentage above 100",
      spec({ traffic: { faults: [{ percent: 101, abort: { status: 503 } }] } }),
      "out-of-range",
      "spec.traffic.faults[0].percent",
      /100/,
    ],
    [
      "the same port twice",
      workload({
        ports: [
          { name: "http", port: 8080 },
          { name: "tcp", port: 8080 },
        ],
      }),
      "duplicate",
      "spec.workload.ports[1].port",
      /8080/,
    ],
    [
      "the same port name twice",
      workload({
        ports: [
          { name: "http", port: 8080 },
          { name: "http", port: 8081 },
        ],
      }),
      "duplicate",
      "spec.workload.ports[1].name",
      /http/,
    ],
    [
      "a port of the sidecar",
      workload({ ports: [{ name: "http", port: 15001 }] }),
      "reserved-port",
      "spec.workload.ports[0].port",
      /15000/,
    ],
    [
      "text for a number",
      workload({ replicas: { min: "two" } }),
      "wrong-type",
      "spec.workload.replicas.min",
      /number|integer/,
    ],
  ];

  test.each(cases)("%s", async (_, text, code, field, hint) => {
    const [problem, ...more] = problemsOf(await refused(put("bob", parse(text))));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ code });
    expect(problem!.field).toMatch(field);
    expect(JSON.stringify(problem)).toMatch(hint);
    expect(problem!.status).toBe(422);
  });

  test("the CLI tells each with file, line and column, sends nothing, and ends with the code for wrong input", async () => {
    const paths = cases.map(([, text], index) => file(`case-${String(index).padStart(2, "0")}.yaml`, text));
    const { code, stderr, stdout } = await fleet.cli("apply", ...paths.flatMap((path) => ["-f", path]));
    expect([code, stdout]).toEqual([exitCodes.usage, ""]);
    for (const [index, [, , problem]] of cases.entries())
      expect(stderr).toMatch(new RegExp(`case-${String(index).padStart(2, "0")}\\.yaml:\\d+:\\d+: .*\\[${problem}\\]`));
    expect(stderr).toMatch(/error: \d+ mistakes in .*; nothing was changed/);
    await refused(fleet.client.get("/api/v1/apps/bob"));
  });

  test("broken YAML: line and column, in both", async () => {
    const text = bobYaml((good) => good.replace("team: testers", "team: [testers"));
    const line = text.split("\n").findIndex((each) => each.includes("[testers")) + 1;
    const answer = await fetch(`http://127.0.0.1:${fleet.fleet.port}/api/v1/apps/bob`, {
      method: "PUT",
      headers: { "content-type": "application/yaml", authorization: `Bearer ${fleet.token}` },
      body: text,
    });
    const problem = (await answer.json()) as ProblemDocument & { line: number; column: number };
    expect([answer.status, problem.code]).toEqual([400, "broken-yaml"]);
    expect(problem.line - line).toBeOneOf([0, 1]);
    expect(problem.column).toBeGreaterThan(0);
    const { code, stderr } = await fleet.cli("apply", "-f", file("broken.yaml", text));
    expect(code).toBe(exitCodes.usage);
    expect(stderr).toMatch(new RegExp(`broken\\.yaml:${problem.line}:${problem.column}: .*\\[broken-yaml\\]`));
  });

  test("an App over 1 MiB, in both", async () => {
    const env = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`PART_${index}`, "x".repeat(130_000)]));
    const text = probeApp({ name: "bob", env });
    const problem = await refused(put("bob", parse(text)));
    expect(problem).toMatchObject({ status: 413, code: "too-large" });
    const { code, stderr } = await fleet.cli("apply", "-f", file("large.yaml", text));
    expect([code, stderr]).toEqual([exitCodes.usage, expect.stringContaining("[too-large]")]);
  });
});

test("two writers at once: one wins, the other gets 412 with both revisions, in the CLI too", async () => {
  const { headers } = await put("bob", parse(bobYaml((text) => text)));
  const first = String(headers["etag"]);
  const write = (timeout: string) =>
    put("bob", parse(bobYaml((text) => text.replace("3s", timeout))), { "if-match": first });
  const outcomes = await Promise.allSettled([write("4s"), write("5s")]);
  const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as ApiError] : []));
  expect(lost).toHaveLength(1);
  const now = Number(String(won[0]!.headers["etag"]).replaceAll('"', ""));
  const then = Number(first.replaceAll('"', ""));
  expect(lost[0]!.problem).toMatchObject({ status: 412, code: "revision-conflict", found: then, accepted: `"${now}"` });

  const stale = bobYaml((text) =>
    text.replace("name: bob", `name: bob\n  resourceVersion: "${then}"`).replace("3s", "6s"),
  );
  const { code, stderr } = await fleet.cli("apply", "-f", file("stale.yaml", stale));
  expect(stderr).toMatch(new RegExp(`revision ${now}, not at ${then}.*\\[revision-conflict\\]`));
  expect(code).toBe(exitCodes.conflict);
});

test("a call to an app that doesn't exist yet is a warning that names it, and works once the app is there", async () => {
  const caller = file("early.yaml", probeApp({ name: "early", spec: { calls: [{ app: "late" }] } }));
  const { code, stderr } = await fleet.cli("apply", "-f", caller);
  expect(code).toBe(exitCodes.ok);
  expect(stderr).toMatch(/warning:.*late.*\[missing-callee\]/);
  const written = await fleet.client.call<{ warnings: ProblemDocument[] }>("PUT", "/api/v1/apps/early", {
    body: parse(probeApp({ name: "early", spec: { calls: [{ app: "late" }] } })),
  });
  expect(written.body.warnings).toContainEqual(expect.objectContaining({ code: "missing-callee", found: "late" }));
  await deployProbe(fleet, "early");
  const early = await sidecarOf(fleet, "early");
  expect((await through(early, "http://late.one/echo")).status).toBe(502);
  await fleet.apply(probeApp({ name: "late" }));
  await deployProbe(fleet, "late");
  await eventually(async () => expect((await through(early, "http://late.one/echo")).status).toBe(200));
});

describe("what can't run fails its release and says why", () => {
  const bad: Record<string, { code: string; reason: RegExp; source?: string; command?: string[] }> = {
    mistyped: {
      code: "crashing",
      reason: /CrashLoopBackOff: .*"nodee": executable file not found/,
      command: ["nodee", "index.mjs"],
    },
    fleeting: {
      code: "crashing",
      reason: /CrashLoopBackOff: exited with code 3/,
      source: "console.error('no database'); process.exit(3);",
    },
    silent: {
      code: "never-ready",
      reason: /0 of 1 pods of r2 are ready: not ready: Readiness probe failed: .*ECONNREFUSED/,
      source: "setInterval(() => {}, 1000);",
    },
    unready: {
      code: "never-ready",
      reason: /0 of 1 pods of r2 are ready: not ready: Readiness probe failed: .*503/,
      source:
        "import { createServer } from 'node:http'; createServer((_, answer) => answer.writeHead(503).end()).listen(process.env.PORT, '127.0.0.1');",
    },
  };
  const outcomes = new Map<string, { code: number; stderr: string; stdout: string }>();

  beforeAll(async () => {
    await Promise.all(
      victims.map(async (app) => {
        const { source, command } = bad[app]!;
        if (command !== undefined) {
          // A changed command is a release of its own, of the version that runs.
          const written = await fleet.cli(
            "apply",
            "-f",
            file(`${app}.yaml`, probeApp({ name: app, spec: impatient, workload: { command } })),
          );
          const release = /release (\S+)/.exec(written.stdout)?.[1] as string;
          await ended(release);
          outcomes.set(app, written);
          return;
        }
        const from = join(folder, app);
        mkdirSync(from);
        writeFileSync(join(from, "index.mjs"), source as string);
        outcomes.set(app, await fleet.cli("deploy", app, "--from", from));
      }),
    );
  });
  const ended = (release: string) =>
    eventually(async () => {
      const { status } = await fleet.client.get<{ status: { phase: string } }>(`/api/v1/releases/${release}`);
      expect(status.phase).toBe("failed");
    });

  test.each(victims)("%s", async (app) => {
    const { code, reason, command } = bad[app]!;
    const outcome = outcomes.get(app)!;
    if (command === undefined) {
      expect(outcome.code, outcome.stderr).toBe(exitCodes.failed);
      expect(outcome.stderr).toMatch(reason);
      expect(outcome.stderr).toContain(`[${code}]`);
      expect(outcome.stderr).toContain("What ran before is untouched");
    }
    const { releases, phase, revision, pods } = await fleet.client.get<{
      phase: string;
      revision: string;
      pods: object;
      releases: { status: { phase: string; code: string; reason: string } }[];
    }>(`/api/v1/apps/${app}/status`);
    expect(releases[0]!.status).toMatchObject({
      phase: "failed",
      code,
      reason: expect.stringMatching(reason) as string,
    });
    expect({ phase, revision, pods }).toEqual({ phase: "running", revision: "r1", pods: { ready: 1, total: 1 } });
    for (const told of await Promise.all([fleet.cli("status", app), fleet.cli("describe", "app", app)])) {
      expect(told.code).toBe(exitCodes.ok);
      expect(told.stdout).toMatch(reason);
      expect(told.stdout).toContain(`[${code}]`);
    }
  });

  test("all the while every request to what ran was answered by it", async () => {
    for (const [app, load] of loads) {
      const answers = await load.stop();
      expect(answers.length, app).toBeGreaterThan(200);
      expect(load.failed, app).toEqual([]);
    }
    console.log(
      `requests while bad releases were tried: ${[...loads].map(([app, { answers }]) => `${app} ${answers.length}`).join(", ")}; failed: 0`,
    );
  });
});
