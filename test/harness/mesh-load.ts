import { randomUUID } from "node:crypto";
import { SteadyLoad, type Tally } from "../fixtures/story/load.mjs";
import { account } from "./account.ts";
import { eventually } from "./eventually.ts";
import type { TestFleet } from "./fleet.ts";
import { askApp, readyPods } from "./traffic.ts";

/** One client: an app that calls through its sidecar, or somebody outside who comes in through the ingress gateway. */
export type Client = { cluster: string; rate: number } & (
  | { app: string; url: string }
  | { host: string; path?: string }
);

interface Running {
  stop(): Promise<Tally>;
  tally(): Promise<Tally>;
}

/** Clients that never repeat a request, all at once, until they are stopped. */
export class MeshLoad {
  readonly #running: Running[];

  private constructor(running: Running[]) {
    this.#running = running;
  }

  static async start(fleet: TestFleet, clients: readonly Client[]): Promise<MeshLoad> {
    return new MeshLoad(
      await Promise.all(clients.map((client) => ("app" in client ? inApp(fleet, client) : outside(fleet, client)))),
    );
  }

  /** What each client was answered up to now. */
  soFar(): Promise<Tally[]> {
    return Promise.all(this.#running.map((one) => one.tally()));
  }

  /** Ends it, if it hasn't ended; what each client was answered. */
  stop(): Promise<Tally[]> {
    return Promise.all(this.#running.map((one) => one.stop()));
  }
}

/** The load is made in the app's own process, with the environment that its pod gave it. */
async function inApp(
  fleet: TestFleet,
  { app, cluster, url, rate }: Extract<Client, { app: string }>,
): Promise<Running> {
  const pod = await eventually(async () => {
    const [first] = await readyPods(fleet, app, cluster);
    if (first === undefined) throw new Error(`no ready pod of ${app} in ${cluster}`);
    return first;
  });
  const ask = (path: string) => askApp(fleet, pod, path, cluster);
  const id = randomUUID();
  await ask(`load/start?${new URLSearchParams({ id, url, rate: String(rate) }).toString()}`);
  const named = async (path: string) => ({
    ...(JSON.parse(await ask(`load/${path}?id=${id}`)) as Tally),
    name: `${app} in ${cluster} to ${new URL(url).host}`,
  });
  return { stop: () => named("stop"), tally: () => named("tally") };
}

async function outside(
  fleet: TestFleet,
  { cluster, host, path = "/", rate }: Extract<Client, { host: string }>,
): Promise<Running> {
  const gateway = await eventually(async () => {
    const [pod] = await gateways(fleet, cluster);
    if (pod === undefined) throw new Error(`no ingress gateway in ${cluster}`);
    return pod;
  });
  const load = new SteadyLoad({
    name: `ingress of ${cluster}`,
    host: gateway,
    port: 8080,
    path,
    authority: host,
    perSecond: rate,
  });
  load.start();
  return { stop: () => load.stop(), tally: () => Promise.resolve(load.tally()) };
}

async function gateways(fleet: TestFleet, cluster: string): Promise<string[]> {
  const pods = await readyPods(fleet, "istio=ingressgateway", cluster);
  return pods.map(({ status }) => status?.podIP as string);
}

/** Waits until every client is answered with 200, so that what is measured begins with something that works. */
export async function served(fleet: TestFleet, clients: readonly Client[]): Promise<void> {
  await eventually(async () => {
    const load = await MeshLoad.start(
      fleet,
      clients.map((client) => ({ ...client, rate: 20 })),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { failed, failures, sent } = account(await load.stop());
    if (failed > 0 || sent === 0) throw new Error(`not served yet: ${JSON.stringify(failures)}`);
  });
}
