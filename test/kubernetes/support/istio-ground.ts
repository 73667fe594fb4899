/** Rules and workloads on the tier's real cluster, whose istiod the workloads' Envoys ask; all of it goes with `stop`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { createRoot } from "../../../src/trust/root.ts";
import { startRateLimits, type RateLimits } from "./rate-limits.ts";
import { realGround } from "./real-ground.ts";
import { RulesInForce } from "./rules-in-force.ts";
import { sharedCluster } from "./shared-cluster.ts";
import { Workload, type Surroundings, type WorkloadOptions } from "./workload.ts";

/** As the testbed's istiod has it. */
export const trustDomain = "quipu.local";

export class IstioGround {
  readonly rules: RulesInForce;
  readonly #around: Surroundings;
  readonly #closers: (() => unknown)[];
  readonly #network = `127.251.${1 + (process.pid % 200)}`;
  #workloads = 0;

  private constructor(around: Surroundings, closers: (() => unknown)[]) {
    this.rules = around.rules;
    this.#around = around;
    this.#closers = closers;
  }

  static async create(): Promise<IstioGround> {
    const kube = new KubeClient((await realGround()).connection);
    const rules = new RulesInForce(kube, trustDomain);
    const folder = mkdtempSync(join(tmpdir(), "quipu-traffic-"));
    const now = Date.now();
    const root = await createRoot({ trustDomain, now });
    const authority = await root.issueIntermediate("uno", { now });
    const { istiod } = await sharedCluster();
    return new IstioGround({ kube, rules, istiod, authority, rootPem: root.certPem, folder }, [
      () => rmSync(folder, { recursive: true, force: true }),
      () => kube.close(),
      () => rules.clear(),
    ]);
  }

  /** At an address of its own. */
  async start(options: Omit<WorkloadOptions, "ip">): Promise<Workload> {
    const workload = await Workload.start(this.#around, { ip: this.#address(++this.#workloads), ...options });
    this.#closers.push(() => workload.stop());
    return workload;
  }

  async startRateLimits(): Promise<RateLimits> {
    const limits = await startRateLimits(this.#around.kube, this.#address(200));
    this.#closers.push(() => limits.close());
    return limits;
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
  }

  #address(host: number): string {
    return `${this.#network}.${host}`;
  }
}
