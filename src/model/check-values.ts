import type { AppTraffic } from "./app-traffic.ts";
import { Problem } from "./problem.ts";
import { isHttp, protocolOf } from "./protocol.ts";
import type { Protocol } from "./rows.ts";

export function checkReplicas(
  workload: { replicas?: { min?: number; max?: number } } | undefined,
  path: string,
): Problem[] {
  const { min, max } = workload?.replicas ?? {};
  if (min === undefined || max === undefined || min <= max) return [];
  return [
    new Problem("conflicting-fields", `${path}.replicas.min is ${min}, above max, which is ${max}.`, {
      field: `${path}.replicas.min`,
      found: min,
      accepted: `at most ${max}`,
    }),
  ];
}

/**
 * Relations within traffic, in an App, an override, a Segment or a Policy. Without ports (a default for many apps) what hangs
 * on the protocol isn't looked at.
 */
export function checkTraffic(
  traffic: AppTraffic | undefined,
  path: string,
  ports?: readonly { name: string; appProtocol?: Protocol }[],
): Problem[] {
  const problems: Problem[] = [];
  for (const field of ["rateLimits", "faults"] as const) {
    if ((traffic?.[field] ?? []).length === 0 || ports === undefined || ports.some((port) => isHttp(protocolOf(port))))
      continue;
    problems.push(
      new Problem(
        "conflicting-fields",
        `${path}.${field} counts for HTTP and gRPC only, and the app has no such port.`,
        { field: `${path}.${field}`, accepted: "an HTTP or gRPC port in spec.workload.ports" },
      ),
    );
  }
  for (const [index, { scope, per }] of (traffic?.rateLimits ?? []).entries()) {
    const field = `${path}.rateLimits[${index}].scope`;
    if (scope === "fleet")
      problems.push(
        new Problem("unsupported", `${field}: limits shared by all clusters aren't built yet.`, {
          field,
          found: scope,
          accepted: "cluster, instance",
        }),
      );
    if (scope === "instance" && per !== undefined && per.header.startsWith(":"))
      problems.push(
        new Problem("bad-format", `${path}.rateLimits[${index}].per.header is a pseudo-header.`, {
          field: `${path}.rateLimits[${index}].per.header`,
          found: per.header,
          accepted: "a header",
        }),
      );
  }
  for (const [index, fault] of (traffic?.faults ?? []).entries()) {
    if (fault.delay === undefined && fault.abort === undefined)
      problems.push(
        new Problem("missing-field", `${path}.faults[${index}] has neither delay nor abort.`, {
          field: `${path}.faults[${index}]`,
          found: fault,
          accepted: "delay, abort, or both",
        }),
      );
  }
  const balancing = traffic?.perCaller?.loadBalancing;
  if (balancing?.policy !== undefined && balancing.consistentHash !== undefined) {
    problems.push(
      new Problem("conflicting-fields", `${path}.perCaller.loadBalancing has both policy and consistentHash.`, {
        field: `${path}.perCaller.loadBalancing.policy`,
        found: balancing.policy,
        accepted: "one of the two",
      }),
    );
  }
  return problems;
}
