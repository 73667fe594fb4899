import { afterAll, beforeAll } from "vitest";
import { openPostgresStore } from "../../src/store/open-postgres-store.ts";
import type { Store } from "../../src/store/store.ts";
import { storeRacesSuite } from "../../src/store/store-races.suite.ts";
import { storeSuite, type Opened } from "../../src/store/store.suite.ts";
import { PostgresServer } from "./postgres-server.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(() => server.stop());

const open = async (): Promise<Opened> => {
  const url = await server.database();
  const opened: Store[] = [];
  const another = async (): Promise<Store> => {
    const { store } = await openPostgresStore(url);
    opened.push(store);
    return store;
  };
  let store = await another();
  return {
    store,
    another,
    async reopen() {
      await store.close();
      return (store = await another());
    },
    async remove() {
      await Promise.all(opened.map((each) => each.close()));
    },
  };
};

storeSuite("the store on PostgreSQL", open);
storeRacesSuite("the store on PostgreSQL, many at once", open);
