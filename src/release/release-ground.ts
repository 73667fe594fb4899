import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { App } from "../model/app.ts";
import type { Seen } from "../model/rows.ts";
import { openSqliteStore } from "../store/open-sqlite-store.ts";
import type { Store } from "../store/store.ts";
import { acceptApp, type Cause } from "./accept.ts";
import { ReleaseEngine } from "./engine.ts";
import { fakeFleet, nobodyCalls } from "./fake-fleet.ts";
import type { ReleaseStatus } from "./release-status.ts";
import { acceptTrain } from "./train.ts";

const cause: Cause = { kind: "deploy", by: "ana" };

/** An App whose releases aren't watched: `spec` goes over it. */
export function appOf(name: string, spec: Partial<App["spec"]> = {}): App {
  return {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name },
    spec: {
      team: "payments",
      segment: "money",
      workload: { drain: "1ms" },
      rollout: { steps: [{ weight: 50, hold: "0s" }] },
      ...spec,
    },
  };
}

/** For tests: a store, a fake fleet of two clusters, and an engine, which takes on only what it is kicked for. */
export class ReleaseGround {
  readonly store: Store;
  readonly engine: ReleaseEngine;
  readonly #folder: string;
  #stopFleet: () => void;
  /** Why pods of a revision aren't ready; undefined: they are. */
  #trouble: (app: string, revision: string) => string | undefined = () => undefined;
  /** What is told of a cluster's objects. */
  #told: (cluster: string) => Pick<Seen, "drift" | "drifting"> = () => ({});

  static async start(now: () => number = Date.now): Promise<ReleaseGround> {
    const folder = mkdtempSync(join(tmpdir(), "quipu-release-"));
    const store = await openSqliteStore(join(folder, "quipu.db"), { now });
    await store.write(async (tx) => {
      for (const name of ["bogota", "lima"])
        await tx.put({ apiVersion: "quipu.dev/v1", kind: "Cluster", metadata: { name }, spec: { region: name } });
    });
    return new ReleaseGround(store, folder, now);
  }

  constructor(store: Store, folder: string, now: () => number) {
    this.store = store;
    this.#folder = folder;
    this.#stopFleet = this.#fleet();
    this.engine = new ReleaseEngine({
      store,
      acknowledger: { ask: async () => ({ done: true, evidence: "1 of 1 proxies" }), close: async () => undefined },
      evidence: nobodyCalls,
      now,
      log: { info: () => undefined, error: console.error },
    });
  }

  #fleet(): () => void {
    return fakeFleet(this.store, ["bogota", "lima"], {
      trouble: (app, revision) => this.#trouble(app, revision),
      told: (cluster) => this.#told(cluster),
    });
  }

  /** From now on; the fleet looks again at once. */
  trouble(reason: (app: string, revision: string) => string | undefined): void {
    this.#trouble = reason;
    this.#stopFleet();
    this.#stopFleet = this.#fleet();
  }

  /** The same of what was changed by hand. */
  told(drift: (cluster: string) => Pick<Seen, "drift" | "drifting">): void {
    this.#told = drift;
    this.#stopFleet();
    this.#stopFleet = this.#fleet();
  }

  /** Declares the App and accepts a release of it. Returns its number; undefined: nothing changes. Nobody is told. */
  async accept(app: App, image?: string, why: Cause = cause): Promise<number | undefined> {
    const outcome = await this.store.write(async (tx) => {
      const { revision } = await tx.put(app);
      return acceptApp(tx, app, { cause: why, declared: revision, ...(image !== undefined && { image }) });
    });
    if (outcome.problems.length > 0) throw new Error(outcome.problems.map(({ message }) => message).join("\n"));
    return outcome.release?.body.spec.number as number | undefined;
  }

  /** The same, and takes it to its end. */
  async release(app: App, image?: string): Promise<number | undefined> {
    const number = await this.accept(app, image);
    this.engine.kick(app.metadata.name);
    await this.engine.idle();
    return number;
  }

  /** Edits a Policy and accepts the train that follows. Nobody is told. */
  async edit(name: string, defaults: object): Promise<string[]> {
    const policy = { apiVersion: "quipu.dev/v1", kind: "Policy", metadata: { name }, spec: { defaults } };
    return this.store.write(async (tx) => {
      const before = (await tx.get("Policy", name))?.body ?? null;
      await tx.put(policy);
      return (await acceptTrain(tx, { kind: "policy", by: "ana" }, { kind: "Policy", name, before })).apps;
    });
  }

  async statusOf(app: string, number: number): Promise<ReleaseStatus> {
    return (await this.store.read((tx) => tx.get("Release", `${app}-r${number}`)))!.body
      .status as unknown as ReleaseStatus;
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    this.#stopFleet();
    await this.store.close();
    rmSync(this.#folder, { recursive: true });
  }
}
