import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/cli-error.ts";
import { deployProbe, ground, probeApp, settled } from "../harness/apps.ts";
import { eventually } from "../harness/eventually.ts";
import { TestFleet } from "../harness/fleet.ts";
import { readyPods, sidecarOf, through } from "../harness/traffic.ts";
import { password, PostgresServer } from "./postgres-server.ts";

/** A fleet whose state is in PostgreSQL. */
let server: PostgresServer;
let url: string;
let fleet: TestFleet;

beforeAll(async () => {
  server = await PostgresServer.start();
  url = await server.database();
  fleet = await TestFleet.start(["bogota=co/co-a"], { QUIPU_DATABASE: url });
});
afterAll(async () => {
  await fleet?.stop();
  await server?.stop();
});

const inDatabase = (text: string) => server.admin(text, new URL(url).pathname.slice(1));

test("deploys, and keeps nothing but artifacts in its home", async () => {
  await fleet.apply(`${ground}---\n${probeApp({ name: "alice", spec: { calls: [{ app: "bob" }] } })}`);
  await fleet.apply(probeApp({ name: "bob" }));
  await deployProbe(fleet, "alice", "bob");
  expect((await through(await sidecarOf(fleet, "alice"), "http://bob.one/")).status).toBe(200);
  const ended = await inDatabase("select app from quipu.journal where action = 'end' and release > 0 order by app");
  expect(ended).toEqual([{ app: "alice" }, { app: "bob" }]);
  expect(readdirSync(join(fleet.home, "store")).toSorted()).toEqual(["artifacts", "postgres.begun"]);
});

test("a release goes on to its end though PostgreSQL is restarted half-way, and nobody's request fails", async () => {
  const alice = await sidecarOf(fleet, "alice");
  const [before] = await readyPods(fleet, "bob");
  const answers: number[] = [];
  const enough = new AbortController();
  const load = (async () => {
    while (!enough.signal.aborted) answers.push((await through(alice, "http://bob.one/")).status);
  })();
  try {
    await fleet.apply(probeApp({ name: "bob", env: { EDITION: "second" } }));
    await server.down();
    const asked = answers.length;
    await eventually(() => expect(answers.length).toBeGreaterThan(asked + 20));
    await server.up();
    await eventually(() => fleet.client.get("/readyz"));
    await settled(fleet, "bob");
    await eventually(async () => {
      const pods = await readyPods(fleet, "bob");
      expect(pods.map(({ metadata }) => metadata.name)).toEqual([expect.not.stringMatching(before!.metadata.name)]);
    });
  } finally {
    enough.abort();
    await load;
  }
  expect(answers.filter((status) => status !== 200)).toEqual([]);
  expect(existsSync(join(fleet.home, "store/quipu.db"))).toBe(false);
});

test("the next start goes on there by itself; another database is refused before anything is started", async () => {
  await fleet.interrupt();
  delete fleet.env["QUIPU_DATABASE"];
  const other = await fleet.cli("up", "--database", await server.database());
  expect(other).toMatchObject({ code: exitCodes.usage, stderr: expect.stringContaining("there was one") as string });
  const wrong = await fleet.cli("up", "--database", server.url("quipu1", "wrong"));
  expect(wrong).toMatchObject({
    code: exitCodes.usage,
    stderr: expect.stringContaining("password authentication failed") as string,
  });
  await fleet.up();
  expect(await fleet.client.get("/api/v1/apps/alice")).toMatchObject({ metadata: { name: "alice" } });
});

test("says its password nowhere, and leaves it in no file that others may read", () => {
  const logs = join(fleet.home, "logs");
  const said = [fleet.output, ...readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8"))].join("\n");
  for (const secret of [password, encodeURIComponent(password)]) expect(said).not.toContain(secret);
  for (const name of ["fleet.json", "server.json"]) expect(statSync(join(fleet.home, name)).mode & 0o077).toBe(0);
  for (const name of ["cluster.json", "mesh.json"])
    expect(readFileSync(join(fleet.home, "clusters/bogota", name), "utf8")).not.toContain(encodeURIComponent(password));
  const processes = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && existsSync(`/proc/${pid}/environ`));
  const environments = processes.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8");
    } catch {
      return "";
    }
  });
  const ours = environments.filter((text) => text.includes(`QUIPU_FLEET=${fleet.fleet.id}`));
  expect(ours.length).toBeGreaterThan(3);
  expect(ours.filter((text) => text.includes(encodeURIComponent(password)))).toEqual([]);
});
