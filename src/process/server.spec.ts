import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noRestartExitCode } from "./exit-codes.ts";
import { freePort } from "./free-port.ts";
import { stringify } from "yaml";
import { kubeconfigFor } from "../kube/kubeconfig.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const admin = "admin-token-of-the-test";

/** The server's process by itself: its clusters don't answer, which must not keep it from serving. */
describe("the server's process", { timeout: 120_000 }, () => {
  let home: string;
  let config: string;
  let url: string;
  const started: ChildProcess[] = [];

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "quipu-server-"));
    const port = await freePort("127.0.0.1", 17_000 + Math.floor(Math.random() * 10_000));
    url = `http://127.0.0.1:${port}`;
    writeFileSync(join(home, "admin.token"), `${admin}\n`);
    writeFileSync(join(home, "artifacts.token"), "artifacts-token\n");
    writeFileSync(
      join(home, "kubeconfig"),
      stringify(kubeconfigFor("nowhere", { server: "http://127.0.0.1:1", token: "x" })),
    );
    config = join(home, "server.json");
    writeFileSync(
      config,
      JSON.stringify({
        fleet: "test",
        home,
        runDir: home,
        host: "127.0.0.1",
        port,
        trustDomain: "quipu.local",
        adminTokenFile: join(home, "admin.token"),
        artifactsTokenFile: join(home, "artifacts.token"),
        clusters: [
          {
            name: "nowhere",
            region: "co",
            zone: "co-a",
            labels: { market: "co" },
            kubeconfig: join(home, "kubeconfig"),
            meshControlSocket: join(home, "none.mesh"),
          },
        ],
      }),
    );
  });
  afterEach(async () => {
    for (const child of started.splice(0))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    rmSync(home, { recursive: true });
  });

  function start(limit = ""): { child: ChildProcess; log: () => string; ended: Promise<number | null> } {
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        `${limit} exec "$0" --disable-warning=ExperimentalWarning "$1" server "$2"`,
        process.execPath,
        main,
        config,
      ],
      { stdio: ["ignore", "inherit", "pipe"] },
    );
    started.push(child);
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, log: () => text, ended: once(child, "exit").then(([code]) => code as number | null) };
  }
  const ready = (log: () => string) =>
    expect
      .poll(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status, {
        timeout: 60_000,
        message: log(),
      })
      .toBe(200);
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const team = (name: string, description = "") => ({
    apiVersion: "quipu.dev/v1",
    kind: "Team",
    metadata: { name },
    spec: { description },
  });

  it("serves, ends cleanly on SIGTERM with a stream open, and has everything again after a kill -9", async () => {
    const first = start();
    await ready(first.log);
    expect(((await (await call("GET", "clusters/nowhere")).json()) as { spec: unknown }).spec).toMatchObject({
      region: "co",
    });
    expect((await call("PUT", "teams/a", team("a"))).status).toBe(201);
    const stream = await call("GET", "events");
    expect(stream.status).toBe(200);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    await stream.body!.cancel().catch(() => undefined);
    const second = start();
    await ready(second.log);
    expect((await call("PUT", "teams/b", team("b"))).status).toBe(201);
    second.child.kill("SIGKILL");
    await second.ended;
    const third = start();
    await ready(third.log);
    expect(
      ((await (await call("GET", "teams")).json()) as { items: { metadata: { name: string } }[] }).items.map(
        ({ metadata }) => metadata.name,
      ),
    ).toEqual(["a", "b"]);
    third.child.kill("SIGTERM");
    expect(await third.ended).toBe(0);
  });

  it("doesn't start on a damaged store, says so, and leaves the file as it is", async () => {
    const first = start();
    await ready(first.log);
    first.child.kill("SIGTERM");
    await first.ended;
    const path = join(home, "store/quipu.db");
    const bytes = readFileSync(path);
    const at = bytes.indexOf("nowhere");
    for (let each = at; each >= 0; each = bytes.indexOf("nowhere", each + 1)) bytes[each]! ^= 1;
    writeFileSync(path, bytes);
    const second = start();
    expect(await second.ended).toBe(noRestartExitCode);
    expect(second.log()).toMatch(/damaged.*backup/);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    rmSync(path);
    const third = start();
    expect(await third.ended).toBe(noRestartExitCode);
    expect(third.log()).toMatch(/is gone, though there was one/);
  });

  it("stops with a message when the disk is full, nothing half done", async () => {
    const first = start("ulimit -f 4000;");
    await ready(first.log);
    let kept = 0;
    for (let n = 0; n < 400; n++) {
      const answer = await call("PUT", `policies/p${n}`, {
        apiVersion: "quipu.dev/v1",
        kind: "Policy",
        metadata: { name: `p${n}`, annotations: { note: "x".repeat(100_000) } },
        spec: {},
      }).catch(() => undefined);
      if (answer?.status !== 201) {
        if (answer !== undefined) expect(await answer.json()).toMatchObject({ status: 503, code: "store-failed" });
        break;
      }
      kept += 1;
    }
    expect(await first.ended).toBe(noRestartExitCode);
    expect(first.log()).toContain("Make room");
    expect(kept).toBeGreaterThan(1);
    expect(statSync(join(home, "store/quipu.db")).size).toBeLessThan(4000 * 1024);
    const second = start();
    await ready(second.log);
    expect(((await (await call("GET", "policies?limit=1")).json()) as { total: number }).total).toBe(kept);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });
});
