import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite("the store on SQLite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quipu-store-"));
  const path = join(folder, "quipu.db");
  let store = await openSqliteStore(path);
  return {
    store,
    async reopen() {
      await store.close();
      return (store = await openSqliteStore(path));
    },
    async remove() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
