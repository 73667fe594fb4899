import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultClusters, type FleetFile } from "./home.ts";
import { prepare } from "./prepare.ts";

let home: string;
let runtime: string;
const before = process.env.XDG_RUNTIME_DIR;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "quipu-prepare-"));
  runtime = mkdtempSync(join(tmpdir(), "quipu-run-"));
  process.env.XDG_RUNTIME_DIR = runtime;
});
afterEach(() => {
  rmSync(home, { recursive: true });
  rmSync(runtime, { recursive: true });
  if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
  else process.env.XDG_RUNTIME_DIR = before;
});

const fleet: FleetFile = {
  id: "cafe0123",
  block: 16,
  host: "127.0.0.1",
  port: 7070,
  trustDomain: "quipu.local",
  clusters: [...defaultClusters],
};

test("every process finds its configuration, and secrets are the owner's alone", async () => {
  await prepare(home, fleet, Date.now());
  const cluster = JSON.parse(readFileSync(join(home, "clusters/bogota/cluster.json"), "utf8")) as {
    network: string;
    tls: { cert: string };
  };
  expect(cluster.network).toBe("127.17");
  expect(new X509Certificate(readFileSync(cluster.tls.cert)).checkIP("127.17.0.1")).toBe("127.17.0.1");
  for (const path of [
    "admin.token",
    "trust/root.json",
    "clusters/bogota/kubeconfig",
    "clusters/montevideo/tls/server.key",
  ]) {
    expect(statSync(join(home, path)).mode & 0o077, path).toBe(0);
  }
});

test("a second time keeps what is there, and renews what is about to expire", async () => {
  const now = Date.now();
  await prepare(home, fleet, now);
  const read = (path: string) => readFileSync(join(home, path), "utf8");
  const paths = [
    "admin.token",
    "trust/root.json",
    "clusters/bogota/tls/server.crt",
    "clusters/bogota/trust/intermediate.json",
  ];
  const first = paths.map(read);
  await prepare(home, fleet, now + 1000);
  expect(paths.map(read)).toEqual(first);
  await prepare(home, fleet, now + 70 * 86_400_000);
  expect(read("clusters/bogota/tls/server.crt")).not.toBe(first[2]);
  expect(read("clusters/bogota/trust/intermediate.json")).toBe(first[3]);
});
