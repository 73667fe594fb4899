import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../../test/harness/eventually.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { openAgentLink } from "./agent-link.ts";
import { Healing } from "./healing.ts";

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quipu-agent-link-"));
  store = await openSqliteStore(join(folder, "quipu.db"));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const open = (awayMs: number) =>
  openAgentLink({
    ...{ cluster: "lima", store, trustDomain: "quipu.local", awayMs, now: () => 7 },
    claim: async (uid) => ({ identity: { uid, since: 5 }, fresh: false }),
    mayBeEmpty: () => true,
    healing: new Healing(),
    failed: (error) => expect.fail(String(error)),
  });
const problem = () => store.seen().get("lima")?.error;

test("an agent that goes is told of, after a while", async () => {
  const { host, close } = open(5);
  await eventually(() => expect(problem()).toMatch(/hasn't dialled in yet/));
  const stop = new AbortController();
  const messages = host.messages("agent-one", stop.signal);
  await messages.next();
  await messages.return(undefined);
  await eventually(() => expect(problem()).toMatch(/its agent has gone/));
  close();
});

test("of a cluster that has left nothing more is told, though its agent goes with it", async () => {
  const { host, close } = open(5);
  const followed = (async () => {
    for await (const _ of host.messages("agent-one", new AbortController().signal)) void _;
  })();
  await eventually(() => expect(problem()).toMatch(/hasn't dialled in yet/));
  close();
  await store.putSeen({ cluster: "lima", applied: 3, ready: {}, at: 5, error: "it has left" });
  await followed;
  await delay(100);
  expect(problem()).toBe("it has left");
});
