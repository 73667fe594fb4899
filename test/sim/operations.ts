import type { Document } from "../../src/model/kinds.ts";
import { Problem } from "../../src/model/problem.ts";
import { Problems, putDocument, removeDocument, type Changed } from "../../src/release/changes.ts";
import { command } from "../../src/release/commands.ts";
import { deployApp, retryApp, undoApp } from "../../src/release/deploys.ts";
import type { WriteTx } from "../../src/store/store.ts";
import type { Operation } from "./events.ts";
import type { Server } from "./server.ts";

const by = { by: "ana" };
const head = (kind: string, name: string): object => ({ apiVersion: "quipu.dev/v1", kind, metadata: { name } });

/** Declares the clusters and segments, before anybody releases anything. */
export async function declareWorld(server: Server, clusters: readonly string[]): Promise<void> {
  await server.store.write(async (tx) => {
    for (const name of clusters)
      await putDocument(tx, { ...head("Cluster", name), spec: { region: name } } as unknown as Document, by);
    for (const name of ["money", "shop"])
      await putDocument(tx, { ...head("Segment", name), spec: {} } as unknown as Document, by);
  });
}

/** What somebody does over the API: in one transaction, and the engine is told. Whether it was taken. */
export async function operate(server: Server, operation: Operation): Promise<"done" | "refused"> {
  const { store, engine } = server;
  try {
    const apps = await store.write((tx) => act(tx, operation));
    for (const app of apps) engine.kick(app);
    return "done";
  } catch (error) {
    if (error instanceof Problem || error instanceof Problems) return "refused";
    throw error;
  }
}

async function act(tx: WriteTx, operation: Operation): Promise<string[]> {
  const released = ({ releases }: Changed): string[] => releases.map(({ app }) => app);
  switch (operation.do) {
    case "apply":
      return released(
        await putDocument(tx, { ...head("App", operation.app), spec: operation.spec } as unknown as Document, by),
      );
    case "deploy":
      return released(await deployApp(tx, operation.app, { image: operation.image }, by));
    case "delete":
      return released(await removeDocument(tx, "App", operation.app, by));
    case "undo":
      return released(await undoApp(tx, operation.app, { only: operation.only }, by));
    case "retry":
      return released(await retryApp(tx, operation.app, by));
    case "policy": {
      const spec = { defaults: { traffic: { timeout: operation.timeout } } };
      return released(await putDocument(tx, { ...head("Policy", "all"), spec } as unknown as Document, by));
    }
    case "segment": {
      const spec = { mtls: operation.mtls };
      return released(
        await putDocument(tx, { ...head("Segment", operation.segment), spec } as unknown as Document, by),
      );
    }
    default: {
      const newest = (await tx.openReleases(operation.app)).at(-1);
      if (newest === undefined) return [];
      await command(tx, operation.app, newest.release, operation.do, by);
      return [operation.app];
    }
  }
}
