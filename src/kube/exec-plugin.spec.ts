import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ExecPlugin } from "./kube-connection.ts";
import { ExecCredentials } from "./exec-credentials.ts";
import { runExecPlugin } from "./exec-plugin.ts";

const v1 = "client.authentication.k8s.io/v1";
const connection = { server: "https://127.0.0.1:6443", ca: "-----BEGIN CERTIFICATE-----", tlsServerName: "kubernetes" };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quipu-exec-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A plugin that is really run. It adds a line to `runs` each time. */
function plugin(code: string, over: Partial<ExecPlugin> = {}): ExecPlugin {
  const path = join(folder, "plugin.mjs");
  writeFileSync(
    path,
    `import fs from "node:fs";\nfs.appendFileSync(${JSON.stringify(join(folder, "runs"))}, "x\\n");\n${code}`,
  );
  return { apiVersion: v1, command: process.execPath, args: [path], env: [], provideClusterInfo: false, ...over };
}
const answering = (value: unknown) => `console.log(${JSON.stringify(JSON.stringify(value))});`;
const credential = (status: object, apiVersion = v1) => ({ apiVersion, kind: "ExecCredential", status });
const runs = () => readFileSync(join(folder, "runs"), "utf8").length / 2;
const run = (each: ExecPlugin, timeoutMs = 30_000) =>
  runExecPlugin(each, connection, { ...process.env, QUIPU_ROLE: "server" }, timeoutMs);

test("it is told what it may know, and gives a token, a certificate and an end", async () => {
  const code = `
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    fs.writeFileSync(${JSON.stringify(join(folder, "info"))}, JSON.stringify({ info, region: process.env.REGION, role: process.env.QUIPU_ROLE }));
    ${answering(
      credential({
        token: "t0ken",
        clientCertificateData: "the cert",
        clientKeyData: "the key",
        expirationTimestamp: "2026-06-01T00:00:00Z",
      }),
    )}`;
  const told = () => JSON.parse(readFileSync(join(folder, "info"), "utf8"));
  expect(await run(plugin(code, { env: [{ name: "REGION", value: "pe" }] }))).toEqual({
    token: "t0ken",
    cert: "the cert",
    key: "the key",
    expiresAt: Date.parse("2026-06-01T00:00:00Z"),
  });
  expect(told()).toEqual({
    info: { apiVersion: v1, kind: "ExecCredential", spec: { interactive: false } },
    region: "pe",
  });
  await run(plugin(code, { provideClusterInfo: true, clusterConfig: { audience: "a" } }));
  expect(told().info.spec).toEqual({
    interactive: false,
    cluster: {
      server: connection.server,
      "tls-server-name": "kubernetes",
      "certificate-authority-data": Buffer.from(connection.ca).toString("base64"),
      config: { audience: "a" },
    },
  });
});

test.each<[string, string, RegExp]>([
  [
    "fails",
    `console.error("the session has expired: run login"); process.exit(3)`,
    /failed with exit code 3; it says: the session has expired: run login$/,
  ],
  ["says nothing", "", /answered nothing/],
  ["says something else", `console.log("s3cret")`, /answered something that isn't JSON/],
  [
    "speaks another version",
    answering(credential({ token: "s3cret" }, "client.authentication.k8s.io/v1beta1")),
    /v1beta1 ExecCredential, and the kubeconfig asks for/,
  ],
  ["gives nothing", answering(credential({})), /neither a token nor a client certificate/],
  ["gives half", answering(credential({ token: "s3cret", clientKeyData: "s3cret" })), /not both/],
  ["gives no time", answering(credential({ token: "s3cret", expirationTimestamp: "soon" })), /isn't a time/],
])("one that %s is told of, without what it gave", async (_, code, message) => {
  const error = await run(plugin(code, { args: [...plugin(code).args, "--password=s3cret"] })).catch((each) => each);
  expect(error).toMatchObject({ code: "kube/credentials", message: expect.stringMatching(message) });
  expect(inspect(error)).not.toContain("s3cret");
});

test("one that hangs is ended in time, with what it started; one that isn't there says how to install it", async () => {
  await expect(run(plugin(`console.error("asking"); setInterval(() => {}, 1000)`), 1500)).rejects.toThrow(
    /hasn't answered within 1.5 s/,
  );
  const absent = plugin("", { command: "no-such-plugin", args: ["s3cret"], installHint: "brew install it\n" });
  const error = await run(absent).catch((each) => each);
  expect(error.message).toBe(
    "the kubeconfig's credential plugin \"no-such-plugin\" isn't installed here: brew install it",
  );
  expect(inspect(error)).not.toContain("s3cret");
  await expect(run({ ...absent, command: folder })).rejects.toThrow(/may not be run/);
});

test("it is run once for all who wait, again when its credentials expire, and when they are refused", async () => {
  let time = Date.now();
  const clock = { now: () => time, sleep: async () => undefined };
  const code = `console.log(JSON.stringify({ apiVersion: ${JSON.stringify(v1)}, kind: "ExecCredential", status: {
    token: "t" + fs.readFileSync(${JSON.stringify(join(folder, "runs"))}, "utf8").length / 2,
    expirationTimestamp: new Date(${time} + 600_000).toISOString() } }))`;
  const credentials = new ExecCredentials(plugin(code), connection, { clock, env: process.env });
  const token = async () => (await credentials.present(time)).token;
  expect(await Promise.all([token(), token(), token()])).toEqual(["t1", "t1", "t1"]);
  expect(await token()).toBe("t1");
  expect(inspect(credentials, { depth: 9 })).not.toContain("t1");
  // What was refused before the last run says nothing about it, and a plugin that gives what isn't good isn't run without pause.
  credentials.refused("t0", undefined, time);
  credentials.refused("t1", undefined, time);
  expect(await token()).toBe("t1");
  time += 60_000;
  credentials.refused("t1", undefined, time);
  expect(await token()).toBe("t2");
  time += 535_000;
  expect(await token()).toBe("t3");
  expect(runs()).toBe(3);
});

test("a failure is told to all for a while, and doesn't outlive it", async () => {
  let time = Date.now();
  const clock = { now: () => time, sleep: async () => undefined };
  const credentials = new ExecCredentials(plugin("process.exit(1)"), connection, { clock, env: process.env });
  for (let each = 0; each < 3; each++) await expect(credentials.present(time)).rejects.toThrow(/exit code 1/);
  expect(runs()).toBe(1);
  plugin(answering(credential({ token: "good" })));
  time += 6_000;
  expect((await credentials.present(time)).token).toBe("good");
});
