import { Registry } from "prom-client";
import { createMeshCompiler } from "../../src/mesh/compile/compiler.ts";
import { envoyRegistry } from "../../src/mesh/control/envoy-registry.ts";
import { systemClock } from "../../src/mesh/identity/clock.ts";
import { SecretService } from "../../src/mesh/identity/secret-service.ts";
import { AdsService, deltaMethod } from "../../src/mesh/xds/ads-service.ts";
import { GrpcServer } from "../../src/mesh/xds/grpc-server.ts";
import { XdsMetrics } from "../../src/mesh/xds/xds-metrics.ts";
import { createRoot } from "../../src/trust/root.ts";
import { appObjects, size, slice, virtualService } from "./objects.ts";

/** A process of its own, so that its processor time and memory are the mesh's alone. Told what to do by its parent. */
export type Order =
  | { do: "usage" }
  | { do: "endpoint"; app: number; shift: number }
  | { do: "timeout"; app: number; timeoutMs: number };
export interface Usage {
  /** Processor time since the start, and resident memory. */
  cpuMs: number;
  rssMb: number;
  encodings: Record<string, number>;
}

const [socket, scoped] = process.argv.slice(2) as [string, string];
const now = Date.now();
const issuer = await (await createRoot({ trustDomain: "quipu.local", now })).issueIntermediate("bench", { now });
const compiler = createMeshCompiler({
  registry: envoyRegistry(),
  onError: (error, what) => console.error(what, error),
});
for (let app = 0; app < size.services; app++)
  for (const object of appObjects(app, scoped === "scoped")) compiler.put(object);
compiler.flush();
const ads = new AdsService({
  compiler,
  secrets: new SecretService({ issuer, clock: systemClock, onError: console.error }),
  metrics: new XdsMetrics(new Registry()),
  now: Date.now,
  log: { info() {}, warn: (fields, text) => console.error(text, fields) },
  // The token says who it is: namespace/app/pod.
  reviewToken: async (token) => {
    const [namespace, serviceAccount, podName] = token.split("/") as [string, string, string];
    return { namespace, serviceAccount, podName, podUid: podName };
  },
  pod: () => undefined,
});
await new GrpcServer({ methods: { [deltaMethod]: ads.method } }).listen({ path: socket });
process.on("message", (order: Order) => {
  if (order.do === "endpoint") compiler.put(slice(order.app, order.shift));
  if (order.do === "timeout") compiler.put(virtualService(order.app, order.timeoutMs));
  if (order.do !== "usage") compiler.flush();
  const { user, system } = process.cpuUsage();
  process.send!({
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage.rss() / 1e6,
    encodings: { ...compiler.stats.encodings },
  } satisfies Usage);
});
process.on("disconnect", () => process.exit(0));
process.send!("ready");
