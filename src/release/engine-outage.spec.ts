import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { StoreUnavailable } from "../store/store-error.ts";
import { appOf, ReleaseGround } from "./release-ground.ts";

/** The store, but every other transaction of its kind fails while `away` says so. */
function flaky(store: Store, away: () => boolean): Store {
  let asked = 0;
  const lost = (): boolean => away() && (asked += 1) % 2 === 1;
  const fail = (): Promise<never> => Promise.reject(new StoreUnavailable("The database can't be reached."));
  return new Proxy(store, {
    get(target, name) {
      if (name === "read" || name === "write") return (work: never) => (lost() ? fail() : target[name](work));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

it("a release that an outage of the database cuts off goes on by itself when it is back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quipu-release-"));
  let away = false;
  const store = flaky(await openSqliteStore(join(folder, "quipu.db")), () => away);
  const ground = new ReleaseGround(store, folder, Date.now);
  try {
    await store.write((tx) =>
      tx.put({ apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name: "bogota" }, spec: { region: "bogota" } }),
    );
    await ground.accept(appOf("checkout"), "registry.example/x:1");
    away = true;
    ground.engine.kick("checkout");
    await new Promise((resolve) => void setTimeout(resolve, 1500));
    away = false;
    for (;;) {
      if ((await store.read((tx) => tx.openReleases())).length === 0) break;
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
    expect(await ground.statusOf("checkout", 1)).toMatchObject({ phase: "finished" });
  } finally {
    await ground.stop();
  }
});
