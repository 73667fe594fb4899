import type { App, AppSpec } from "../app.ts";
import type { Cluster } from "../cluster.ts";
import { durationMs } from "../duration.ts";
import { effectiveSpec, placedIn, type Effective } from "../effective.ts";
import type { Policy } from "../policy.ts";
import { isHttp, protocolOf } from "../protocol.ts";
import type { Segment } from "../segment.ts";

/** Everything that is declared. */
export interface Fleet {
  apps: ReadonlyMap<string, App>;
  segments: ReadonlyMap<string, Segment>;
  clusters: readonly Cluster[];
  policies: readonly Policy[];
}

/** How long an edge may take and how often it is tried, as the caller sees it. */
export interface Deadline {
  timeoutMs: number;
  attempts: number;
  perTryTimeoutMs: number;
  retryOn: readonly string[];
}

/** The App that is looked at, among all others. Nothing of it is stored: the warnings are of the moment. */
export class Subject {
  readonly app: App;
  readonly fleet: Fleet;
  readonly #effective = new Map<string, Effective>();

  constructor(app: App, fleet: Fleet) {
    this.app = app;
    // The App may be new, or about to replace the one of its name.
    this.fleet = { ...fleet, apps: new Map(fleet.apps).set(app.metadata.name, app) };
  }

  get spec(): AppSpec {
    return this.app.spec;
  }

  /** An app's spec with nothing left out, for the fleet at large or for one cluster. */
  effective(app: App, cluster?: Cluster): Effective {
    const key = `${app.metadata.name}/${cluster?.metadata.name ?? ""}`;
    const known =
      this.#effective.get(key) ??
      effectiveSpec(app, {
        segment: this.fleet.segments.get(app.spec.segment),
        policies: this.fleet.policies,
        cluster,
      });
    this.#effective.set(key, known);
    return known;
  }

  /** The App's effective specs that differ: at large, and in each of its clusters where an override may apply. */
  variants(): { where: string; effective: Effective; cluster: Cluster | undefined }[] {
    const here =
      (this.spec.overrides ?? []).length === 0
        ? []
        : placedIn(this.app, this.fleet.segments.get(this.spec.segment), this.fleet.clusters);
    const clusters = this.fleet.clusters.filter(({ metadata }) => here.includes(metadata.name));
    return [
      { where: "", effective: this.effective(this.app), cluster: undefined },
      ...clusters.map((cluster) => ({
        where: ` in ${cluster.metadata.name}`,
        effective: this.effective(this.app, cluster),
        cluster,
      })),
    ];
  }

  /** What holds for a call of `caller` to `callee`: the callee's values, and what the call overrides. Undefined: the callee doesn't exist. */
  deadline(caller: App, callee: string): Deadline | undefined {
    const target = this.fleet.apps.get(callee);
    if (target === undefined) return undefined;
    const { timeout, retries } = this.effective(target).spec.traffic!;
    const call = (caller.spec.calls ?? []).find(
      (one) => "app" in one && one.app === callee && (one.timeout !== undefined || one.retries !== undefined),
    );
    const own = call !== undefined && "app" in call ? call : undefined;
    const merged = { ...retries, ...own?.retries };
    return {
      timeoutMs: durationMs(own?.timeout ?? timeout ?? "0s"),
      attempts: merged.attempts!,
      perTryTimeoutMs: durationMs(merged.perTryTimeout!),
      retryOn: merged.retryOn!.map(String),
    };
  }

  speaksHttp(app: App): boolean {
    return this.effective(app).spec.workload!.ports!.some((port) => isHttp(protocolOf(port)));
  }
}
