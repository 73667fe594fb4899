/** The rate-limit service of a real cluster: its Service as every cluster has it, and behind that our own, in this process. */
import { Registry } from "prom-client";
import { baseline } from "../../../src/fleet/bootstrap.ts";
import { objectKey } from "../../../src/fleet/desired.ts";
import { applyRank } from "../../../src/fleet/order.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import { RateLimitService, shouldRateLimitMethod } from "../../../src/mesh/ratelimit/rate-limit-service.ts";
import { GrpcServer } from "../../../src/mesh/xds/grpc-server.ts";
import type { Service } from "../../../src/objects/core.ts";
import { kinds } from "../../../src/objects/kinds.ts";
import type { KubeObject } from "../../../src/objects/meta.ts";
import { rateLimitPort, systemNamespace } from "../../../src/render/names.ts";
import { eventually } from "../../harness/eventually.ts";

export interface RateLimits {
  /** The limits that it counts from now on. */
  read(objects: Iterable<KubeObject>): void;
  close(): Promise<void>;
}

/** `ip`: a loopback address of its own. */
export async function startRateLimits(kube: KubeClient, ip: string): Promise<RateLimits> {
  const options = { fieldManager: "test", force: true } as const;
  const place = { name: "ratelimit", namespace: systemNamespace };
  const [namespace, service] = baseline()
    .filter(({ kind, metadata }) =>
      kind === "Service" ? metadata.name === "ratelimit" : kind === "Namespace" && metadata.name === systemNamespace,
    )
    .toSorted((a, b) => applyRank(objectKey(a)) - applyRank(objectKey(b))) as [KubeObject, Service];
  // Another test may have deleted the namespace just now.
  await eventually(async () => {
    await kube.apply(namespace, options);
    // The Service says nothing of where it is: whoever runs the service does.
    await kube.apply({ ...service, spec: { ...service.spec, selector: { app: "ratelimit" } } }, options);
  });
  await kube.apply(
    {
      ...{ apiVersion: "networking.istio.io/v1", kind: "WorkloadEntry", metadata: place },
      spec: { address: ip, labels: { app: "ratelimit" } },
    },
    options,
  );
  const counting = new RateLimitService({ now: Date.now, metrics: new Registry() });
  const server = new GrpcServer({ methods: { [shouldRateLimitMethod]: counting.method } });
  await server.listen({ host: ip, port: rateLimitPort });
  return {
    read(objects) {
      for (const object of objects) if (object.kind === "ConfigMap") counting.putConfig(object);
    },
    // The namespace stays: it isn't this test's alone.
    async close() {
      await server.close(100);
      for (const kind of [kinds.WorkloadEntry, kinds.Service]) await kube.delete(kind, place);
    },
  };
}
