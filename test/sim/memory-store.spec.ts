import { Disk } from "./disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { storeSuite } from "../../src/store/store.suite.ts";

// The simulated store is held to what the real ones are held to.
storeSuite(
  "the simulated store",
  async () => {
    const disk = new Disk();
    const open = (): MemoryStore => new MemoryStore(disk, { now: () => 1 });
    let store = open();
    return {
      store,
      async reopen() {
        await store.close();
        return (store = open());
      },
      remove: () => store.close(),
    };
  },
  "releases",
);
