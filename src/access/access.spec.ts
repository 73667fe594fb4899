import { describe, expect, it, test } from "vitest";
import { refusal, type Action, type Grant, type Subject } from "./grants.ts";
import { cookieHeader, openSession, createLogin, sessionOf } from "./sessions.ts";
import { ensureToken, hashSecret, principalOf } from "./tokens.ts";
import { mutate } from "./mutate.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const checkout: Subject = { kind: "App", name: "checkout", team: "payments", segment: "money" };
test.each<[Grant, Action, Subject, boolean]>([
  [{ role: "viewer" }, "read", checkout, true],
  [{ role: "viewer" }, "write", checkout, false],
  [{ role: "developer", team: "payments" }, "deploy", checkout, true],
  [{ role: "developer", team: "search" }, "deploy", checkout, false],
  [{ role: "developer", team: "payments" }, "write", { kind: "Policy" }, false],
  [{ role: "operator" }, "write", { kind: "Cluster" }, true],
  [{ role: "operator" }, "write", { kind: "Team" }, false],
  [{ role: "operator" }, "kubeconfig", { kind: "Cluster" }, true],
  [{ role: "developer", team: "payments" }, "kubeconfig", { kind: "Cluster" }, false],
  [{ role: "artifacts" }, "download", { kind: "Artifact" }, true],
  [{ role: "artifacts" }, "read", checkout, false],
  [{ role: "artifacts" }, "upload", { kind: "Artifact" }, false],
  [{ role: "admin" }, "tokens", { kind: "Token" }, true],
])("%j may %s %j: %s", (grant, action, subject, allowed) => {
  expect(refusal({ grants: [grant] }, action, subject) === undefined).toBe(allowed);
});

test("a refusal names the roles that would do", () => {
  expect(refusal({ grants: [{ role: "viewer" }] }, "deploy", checkout)).toEqual([
    "developer of payments",
    "operator",
    "admin",
  ]);
});

test("cookies", () => {
  expect(cookieHeader("s", 60_000)).toBe("quipu_session=s; Path=/; HttpOnly; SameSite=Strict; Max-Age=60");
  expect(sessionOf("a=b; quipu_session=secret; c=d")).toBe("secret");
  expect(sessionOf(undefined)).toBeUndefined();
});

describe("in a store", () => {
  async function withStore(
    work: (store: Awaited<ReturnType<typeof openSqliteStore>>, clock: { now: number }) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "quipu-access-"));
    const clock = { now: 1_000 };
    const store = await openSqliteStore(join(folder, "q.db"), { now: () => clock.now });
    await work(store, clock).finally(() => store.close());
    rmSync(folder, { recursive: true });
  }
  const ana = { name: "ana", via: "token", tokenId: "1", grants: [{ role: "admin" }] } as const;

  it("a login link works once, within its time, and never as a token", () =>
    withStore(async (store, clock) => {
      await store.write((tx) => createLogin(tx, ana, { id: "l", secret: "once" }));
      expect(await store.read((tx) => principalOf(tx, "once", clock.now))).toBeUndefined();
      expect(await store.write((tx) => openSession(tx, "once", { id: "s", secret: "cookie" }))).toMatchObject({
        principal: { name: "ana", via: "session" },
      });
      await expect(store.write((tx) => openSession(tx, "once", { id: "s2", secret: "x" }))).rejects.toMatchObject({
        code: "unauthenticated",
      });
      expect(await store.read((tx) => principalOf(tx, "cookie", clock.now))).toMatchObject({ name: "ana" });
      clock.now += 13 * 3_600_000;
      expect(await store.read((tx) => principalOf(tx, "cookie", clock.now))).toBeUndefined();
      await store.write((tx) => createLogin(tx, ana, { id: "l2", secret: "late" }));
      clock.now += 16 * 60_000;
      await expect(store.write((tx) => openSession(tx, "late", { id: "s3", secret: "y" }))).rejects.toMatchObject({
        code: "unauthenticated",
      });
    }));

  it("a session or a cluster's token opens no session", () =>
    withStore(async (store) => {
      await store.write((tx) =>
        ensureToken(tx, {
          id: "c",
          secret: "cluster",
          subject: "clusters",
          kind: "cluster",
          grants: [{ role: "artifacts" }],
          expires: null,
        }),
      );
      await expect(store.write((tx) => openSession(tx, "cluster", { id: "s", secret: "x" }))).rejects.toMatchObject({
        code: "unauthenticated",
      });
    }));

  it("stores hashes alone, and takes a replaced token file", () =>
    withStore(async (store, clock) => {
      const token = {
        id: "admin",
        subject: "admin",
        kind: "machine",
        grants: [{ role: "admin" }],
        expires: null,
      } as const;
      await store.write((tx) => ensureToken(tx, { ...token, secret: "first" }));
      await store.write((tx) => ensureToken(tx, { ...token, secret: "second" }));
      expect(await store.read((tx) => principalOf(tx, "first", clock.now))).toBeUndefined();
      expect(await store.read((tx) => principalOf(tx, "second", clock.now))).toMatchObject({ name: "admin" });
      expect(JSON.stringify(await store.read((tx) => tx.tokens()))).not.toContain("second");
      expect((await store.read((tx) => tx.tokens()))[0]!.hash).toBe(hashSecret("second"));
    }));

  it("a mutation and its record stand or fall together; a dry run leaves neither", () =>
    withStore(async (store) => {
      const put = (name: string) => (tx: Parameters<Parameters<typeof store.write>[0]>[0]) =>
        tx
          .put({ apiVersion: "v", kind: "Team", metadata: { name }, spec: {} }, { expected: 0 })
          .then((after) => ({ result: after.revision, subject: `Team/${name}`, after: after.body }));
      expect(await mutate(store, ana, "put", { why: "new team" }, put("a"))).toBe(1);
      expect(await mutate(store, ana, "put", { dryRun: true }, put("b"))).toBe(2);
      await expect(mutate(store, ana, "put", {}, put("a"))).rejects.toMatchObject({
        code: "revision-conflict",
        found: 0,
        accepted: '"1"',
      });
      expect(await store.read((tx) => tx.audit())).toMatchObject([
        { who: "ana", what: "put", subject: "Team/a", why: "new team", after: { kind: "Team" } },
      ]);
      expect(await store.read((tx) => tx.get("Team", "b"))).toBeUndefined();
    }));
});
