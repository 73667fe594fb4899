/**
 * The apps of test/e2e/traffic.spec.ts on a real cluster with istiod: `alice` and `carol` call `bob` (two replicas, same
 * segment), alice `greeter` (gRPC), too; `eve` is of another segment; nobody declared a call to `dave`, who is only a name.
 */
import { expect } from "vitest";
import type { Situation } from "../../../src/render/golden/put-in-force.ts";
import { probeApp, type ProbeApp } from "../../harness/apps.ts";
import { eventually } from "../../harness/eventually.ts";
import { IstioGround } from "./istio-ground.ts";
import type { Workload, WorkloadOptions } from "./workload.ts";

export const [one, two] = ["traffic-one", "traffic-two"];
const image = "example/app:1";
const app = ({ workload, ...declared }: ProbeApp): string =>
  probeApp({ segment: one, ...declared, workload: { image, ...workload } });
const of = (kind: string, name: string, spec = "{}"): string =>
  `{ apiVersion: quipu.dev/v1, kind: ${kind}, metadata: { name: ${name} }, spec: ${spec} }\n`;
const calls = [{ app: "bob" }];
const patient = { timeout: "3s", retries: { attempts: 2, perTryTimeout: "1s", retryOn: ["5xx"] } };
const others = [
  of("Cluster", "uno", "{ region: pe }"),
  ...[one, two].map((name) => of("Segment", name)),
  app({ name: "alice", spec: { calls: [...calls, { app: "greeter" }] } }),
  app({ name: "carol", spec: { calls: [{ app: "bob", ...patient }] } }),
  app({ name: "eve", segment: two, spec: { calls } }),
  app({ name: "dave" }),
];
export const bobPorts = { http: 8080, tcp: 7000 };

export interface Declared {
  /** Bob's `traffic`, and what else his spec says. */
  bob?: Record<string, unknown>;
  bobMore?: Record<string, unknown>;
  /** Greeter's `traffic`. */
  greeter?: Record<string, unknown>;
  situation?: Situation;
}

export interface IstioApps {
  ground: IstioGround;
  alice: Workload;
  carol: Workload;
  eve: Workload;
  greeter: Workload;
  bobs: readonly Workload[];
  /** What is in force from now on; what isn't named is as at the start. */
  declare(declared: Declared): Promise<void>;
  stop(): Promise<void>;
}

/** Ready to call and to be called. */
export async function startIstioApps(): Promise<IstioApps> {
  const ground = await IstioGround.create();
  const declare = ({ bob = {}, bobMore = {}, greeter = {}, situation }: Declared): Promise<void> =>
    ground.rules.put(
      [
        ...others,
        app({ name: "bob", replicas: 2, tcp: true, spec: { traffic: bob, ...bobMore } }),
        app({
          name: "greeter",
          workload: { ports: [{ name: "grpc", port: 50051 }], probes: {} },
          spec: { traffic: greeter },
        }),
      ].join("---\n"),
      situation,
    );
  const start = (name: string, more: Partial<WorkloadOptions> = {}): Promise<Workload> =>
    ground.start({ name: `${name}-1`, app: name, namespace: one, ...more });
  try {
    await declare({});
    const [alice, carol, eve, greeter, ...bobs] = await Promise.all([
      start("alice"),
      start("carol"),
      start("eve", { namespace: two }),
      start("greeter", { fixture: "grpc", ports: { grpc: 50051 } }),
      start("bob", { ports: bobPorts }),
      start("bob", { ports: bobPorts, name: "bob-2" }),
    ]);
    for (const caller of [alice, carol])
      await eventually(async () =>
        expect(await caller.stat(/^cluster\.outbound\|80\|r1\|bob\..*\.membership_healthy$/)).toBe(2),
      );
    return { ground, alice, carol, eve, greeter, bobs, declare, stop: () => ground.stop() };
  } catch (error) {
    await ground.stop();
    throw error;
  }
}
