import type { App } from "../../src/model/app.ts";
import type { Event, Fault, History, Operation } from "./events.ts";
import { Random } from "./random.ts";
import { imageOf, type ImageTruth } from "./truth.ts";

export const apps = ["ana", "bo", "cruz", "dino"] as const;
const segmentOf: Record<string, string> = { ana: "money", bo: "money", cruz: "shop", dino: "shop" };
/** How often each fault comes, and how often a release has none near it. */
const calmShare = 0.35;

/** A history of about `releases` releases. Everything in it follows from the seed. */
export function historyOf(seed: number, releases = 16): History {
  return new Author(new Random(seed)).write(seed, releases);
}

class Author {
  readonly #random: Random;
  readonly #specs = new Map<string, App["spec"]>();
  readonly #events: Event[] = [];
  readonly #clusters = ["bogota", "lima", "quito"];
  #version = 0;
  #at = 1000;

  constructor(random: Random) {
    this.#random = random;
  }

  write(seed: number, releases: number): History {
    const random = this.#random;
    const some = random.shuffled(apps).slice(0, random.int(2, apps.length));
    for (const app of some) {
      this.#specs.set(app, this.#spec(app));
      this.#begin(app);
    }
    const calm = random.chance(calmShare);
    for (let n = some.length; n < releases; n++) {
      this.#at += random.chance(0.3) ? random.int(100, 20_000) : random.int(60_000, 400_000);
      this.#operation(random.pick(some));
      if (!calm) for (let faults = random.int(0, 3); faults > 0; faults--) this.#fault(random.pick(some));
    }
    const reach: Record<string, string> = random.chance(0.4) ? { quito: random.pick(["bogota", "lima"]) } : {};
    return {
      seed,
      clusters: this.#clusters,
      reach,
      events: this.#events.toSorted((a, b) => a.at - b.at),
    };
  }

  #add(event: Operation | Fault, at = this.#at): void {
    this.#events.push({ at, ...event });
  }

  #begin(app: string): void {
    this.#add({ do: "apply", app, spec: this.#specs.get(app)! });
    this.#add({ do: "deploy", app, image: this.#image(app) }, this.#at + 10);
  }

  #image(app: string): string {
    const truth = this.#random.weighted<ImageTruth>([
      [10, "good"],
      [2, "bad"],
      [1, "slow"],
      [1, "never"],
      [1, "crash"],
    ]);
    return imageOf(app, truth, ++this.#version);
  }

  #spec(app: string): App["spec"] {
    return {
      team: "t",
      segment: segmentOf[app]!,
      workload: { drain: this.#random.pick(["1s", "5s"]), replicas: { min: this.#random.int(1, 3), max: 4 } },
      rollout: this.#rollout(),
      ...this.#placement(),
      ...this.#edges(app),
    };
  }

  #placement(): Pick<App["spec"], "placement"> {
    const random = this.#random;
    if (random.chance(0.3)) return {};
    const names = random.shuffled(this.#clusters).slice(0, random.int(1, 2));
    return { placement: { clusters: { matchExpressions: [{ key: "name", operator: "In", values: names }] } } };
  }

  #rollout(): NonNullable<App["spec"]["rollout"]> {
    const random = this.#random;
    const steps = random.pick<NonNullable<NonNullable<App["spec"]["rollout"]>["steps"]>>([
      [{ weight: 50, hold: "30s" }],
      [
        { weight: 10, hold: "20s" },
        { weight: 50, hold: "20s" },
      ],
      [{ weight: 5, hold: "0s" }, { pause: { for: "30s" } }, { weight: 60, hold: "20s" }],
      [{ weight: 20, hold: "20s" }, { pause: {} }],
    ]);
    return {
      strategy: random.chance(0.2) ? "rolling" : "canary",
      ...(random.chance(0.8) && { steps }),
      analysis: {
        interval: "10s",
        minRequests: 20,
        noTraffic: random.chance(0.5) ? "hold" : "pass",
        ...(random.chance(0.3) && { p99: "500ms" }),
      },
      progressDeadline: "2m",
      trafficFirst: random.chance(0.2),
      onFailure: random.chance(0.2) ? "stop" : "rollback",
      ...(random.chance(0.5) && {
        waves: random.pick<NonNullable<NonNullable<App["spec"]["rollout"]>["waves"]>>([
          [{ name: "first", clusters: { matchLabels: { name: random.pick(this.#clusters) } } }, { name: "rest" }],
          [{ maxConcurrent: 1 }],
        ]),
      }),
    };
  }

  #edges(app: string): Pick<App["spec"], "calls" | "access" | "expose"> {
    const random = this.#random;
    const others = apps.filter((other) => other !== app);
    const calls = others
      .filter(() => random.chance(0.4))
      .map((callee) => ({
        app: callee,
        ...(random.chance(0.15) && { timeout: random.pick(["2s", "3s", "3ms"]) }),
      }));
    const callers = others.filter((other) => segmentOf[other] !== segmentOf[app] && random.chance(0.6));
    return {
      calls,
      ...(callers.length > 0 && { access: { callers: callers.map((caller) => ({ app: caller })) } }),
      ...(random.chance(0.4) && { expose: [{ host: `${app}.example.com` }] }),
    };
  }

  #edit(app: string): void {
    const random = this.#random;
    const spec = structuredClone(this.#specs.get(app)!);
    const what = random.int(1, 6);
    if (what === 1)
      spec.traffic = {
        timeout: random.weighted([
          [6, `${random.int(1, 9)}s`],
          [2, "3ms"],
        ]),
      };
    if (what === 2 || what === 3) {
      delete spec.access;
      delete spec.expose;
      Object.assign(spec, this.#edges(app));
    }
    if (what === 4) {
      delete spec.placement;
      Object.assign(spec, this.#placement());
    }
    if (what === 5) spec.workload = { ...spec.workload, replicas: { min: random.int(1, 3), max: random.int(3, 5) } };
    if (what === 6) {
      spec.rollout = this.#rollout();
      spec.traffic = { timeout: `${random.int(1, 9)}s` };
    }
    this.#specs.set(app, spec);
    this.#add({ do: "apply", app, spec });
  }

  #operation(app: string): void {
    const random = this.#random;
    const kind = random.weighted([
      [40, "deploy"],
      [26, "edit"],
      [6, "both"],
      [10, "command"],
      [5, "undo"],
      [4, "retry"],
      [3, "delete"],
      [3, "policy"],
      [1, "segment"],
    ] as const);
    switch (kind) {
      case "deploy":
        return this.#add({ do: "deploy", app, image: this.#image(app) });
      case "edit":
        return this.#edit(app);
      case "both":
        this.#edit(app);
        return this.#add({ do: "deploy", app, image: this.#image(app) }, this.#at + random.int(5, 500));
      case "command": {
        this.#add({ do: "deploy", app, image: this.#image(app) });
        for (let n = random.int(1, 3); n > 0; n--)
          this.#add(
            { do: random.pick(["pause", "resume", "promote", "abort"] as const), app },
            this.#at + random.int(100, 180_000),
          );
        return;
      }
      case "undo":
        return this.#add({
          do: "undo",
          app,
          only: random.pick([["workload"], ["traffic"], ["edges"], ["workload", "traffic", "edges"]] as const),
        });
      case "retry":
        return this.#add({ do: "retry", app });
      case "delete":
        this.#add({ do: "delete", app });
        this.#at += random.int(10, 60_000);
        return this.#begin(app);
      case "policy":
        return this.#add({
          do: "policy",
          timeout: random.weighted([
            [4, `${random.int(10, 19)}s`],
            [1, "4ms"],
          ]),
        });
      case "segment":
        return this.#add({
          do: "segment",
          segment: random.pick(["money", "shop"]),
          mtls: random.pick(["STRICT", "PERMISSIVE"]),
        });
    }
  }

  #fault(app: string): void {
    const random = this.#random;
    const cluster = random.pick(this.#clusters);
    const forMs = random.delay(20_000, 300_000);
    const pick = random.int(0, 20);
    const fault = random.weighted<() => Fault>([
      [
        8,
        () => ({
          fault: "crash",
          writes: random.int(1, 30),
          when: random.pick(["before", "after"]),
          downMs: random.delay(1000, 60_000),
        }),
      ],
      [4, () => ({ fault: "contact", cluster, forMs })],
      [4, () => ({ fault: "hold", cluster, pick, forMs })],
      [1, () => ({ fault: "reject", cluster, pick, forMs })],
      [
        5,
        () => ({
          fault: "disconnect",
          cluster,
          pick,
          forMs: random.int(30_000, 300_000),
          certificateMs: random.pick([10_000, 3_600_000]),
        }),
      ],
      [4, () => ({ fault: "replace", cluster, pick })],
      [3, () => ({ fault: "pods", cluster, pick, forMs })],
      [2, () => ({ fault: "capacity", cluster, pods: random.int(0, 8), forMs })],
      [5, () => ({ fault: "lie", cluster, app, lie: random.pick(["early", "late", "flap", "stale"]), forMs })],
      [1, () => ({ fault: "deaf", cluster, forMs })],
      [2, () => ({ fault: "quiet", app, forMs })],
      [
        4,
        () => ({
          fault: "messages",
          lost: random.pick([0.1, 0.5]),
          repeated: random.pick([0, 0.3]),
          lateMs: random.pick([500, 5000]),
          forMs,
        }),
      ],
    ])();
    this.#add(fault, this.#at + random.int(-5000, 120_000));
  }
}
