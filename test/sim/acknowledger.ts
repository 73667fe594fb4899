import { mayCall } from "../../src/process/mesh-objects.ts";
import { told, type Acknowledger, type AskMode } from "../../src/release/acknowledge.ts";
import type { InForce } from "../../src/store/in-force.ts";
import type { Acknowledgement } from "../../src/rollout/gates.ts";
import type { VirtualClock } from "./clock.ts";
import type { SimCluster } from "./cluster.ts";
import type { Messages } from "./messages.ts";
import { objectKinds, type Proxy } from "./proxy.ts";
import { apps } from "./history.ts";

export type Told = typeof told;

/** A truthful mesh behind a line that loses answers and brings them late: what src/mesh/control/acknowledged.ts would say of the simulated proxies. */
export class SimAcknowledger implements Acknowledger {
  readonly #clusters: ReadonlyMap<string, SimCluster>;
  readonly #clock: VirtualClock;
  readonly #messages: Messages;
  readonly #inForce: () => InForce;
  readonly #told: Told;

  constructor(
    clusters: ReadonlyMap<string, SimCluster>,
    clock: VirtualClock,
    messages: Messages,
    inForce: () => InForce,
    rule: Told = told,
  ) {
    this.#clusters = clusters;
    this.#clock = clock;
    this.#messages = messages;
    this.#inForce = inForce;
    this.#told = rule;
  }

  async ask(cluster: string, app: string, revision: number, mode: AskMode): Promise<Acknowledgement> {
    const [there, back] = [this.#messages.travel(), this.#messages.travel()];
    if (there === undefined || back === undefined) {
      await this.#pass(2000);
      return { done: false, evidence: "its mesh can't be asked: no answer for 2 s" };
    }
    await this.#pass(there);
    const answer = this.#told(this.answer(this.#clusters.get(cluster)!, app, revision), mode);
    await this.#pass(back);
    return answer;
  }

  #pass(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  answer(cluster: SimCluster, app: string, revision: number): Parameters<Told>[0] {
    const { rosters } = this.#inForce();
    const now = this.#clock.now();
    const related = new Set<string | null>([null, app]);
    for (const other of apps)
      if (rosters.get(other)?.value.edges[app] !== undefined || rosters.get(app)?.value.edges[other] !== undefined)
        related.add(other);
    const proxies = [...cluster.proxies];
    const concerned = proxies.filter((proxy) => related.has(proxy.app) && proxy.connected);
    const needed = cluster.relevant(revision);
    const lacking = concerned.filter(({ acknowledged }) => acknowledged < needed);
    const seen = objectKinds.every((kind) => cluster.views[kind].revision >= needed);
    const away = proxies.filter(
      (proxy) =>
        !proxy.connected &&
        proxy.certificateUntil > now &&
        mayCall(
          rosters,
          app,
          proxy.app === null ? "istio-system" : (rosters.get(proxy.app)?.value.segment ?? ""),
          proxy.app ?? "",
        ),
    );
    return {
      complete: seen && lacking.length === 0,
      connected: concerned.length,
      acknowledged: concerned.length - lacking.length,
      concerned: concerned.length,
      unseen: seen ? [] : [`VirtualService/${app}`],
      proxies: lacking.map(({ id, rejecting }: Proxy) => ({
        id,
        state: rejecting ? "rejected" : "behind",
        lacking: [{ type: "route", name: app }],
      })),
      disconnected: away.map(({ id, app: of, certificateUntil }) => ({
        id,
        namespace: "",
        serviceAccount: of ?? "",
        certificateUntil,
      })),
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
