import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "./open-sqlite-store.ts";
import { storeRacesSuite } from "./store-races.suite.ts";
import { storeSuite, type Opened } from "./store.suite.ts";

const open = async (): Promise<Opened> => {
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
};

storeSuite("the store on SQLite", open);
storeRacesSuite("the store on SQLite, many at once", open);
