import type { Pod } from "../../src/objects/core.ts";
import { resolve } from "node:path";
import { probeApp, type ProbeApp } from "./apps.ts";
import type { TestFleet } from "./fleet.ts";
import { askApp, readyPods } from "./traffic.ts";

/** What the fixture `clients` tells of one call. */
export interface Told {
  status?: number | string;
  headers?: Record<string, string>;
  body?: string;
  error?: string;
  /** gRPC: the status code, its text and what was received. */
  code?: number;
  details?: string;
  messages?: Record<string, unknown>[];
  /** TCP: what came back. */
  line?: string;
}

/** Where fixtures find libraries of the checkout: an artifact has no node_modules of its own. */
export const libraries = { NODE_MODULES: resolve(import.meta.dirname, "../../node_modules") + "/" };

/** An App that runs the fixture `clients`, or `grpc` when it says so. */
export const fixtureApp = (app: ProbeApp): string => probeApp({ ...app, env: { ...libraries, ...app.env } });

/** One call that an app makes itself, with its own process environment; see test/fixtures/clients. */
export async function inApp(fleet: TestFleet, app: string, options: Record<string, string | number>): Promise<Told> {
  const [pod] = await readyPods(fleet, app);
  const words = new URLSearchParams(
    Object.entries(options).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return JSON.parse(await askApp(fleet, pod as Pod, `run?${words.toString()}`)) as Told;
}

/** The environment that an app's process was given. */
export async function environmentOf(fleet: TestFleet, app: string): Promise<Record<string, string>> {
  const [pod] = await readyPods(fleet, app);
  return JSON.parse(await askApp(fleet, pod as Pod, "env")) as Record<string, string>;
}
