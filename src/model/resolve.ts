import type { App } from "./app.ts";
import type { Cluster } from "./cluster.ts";
import { effectiveSpec, type Surroundings } from "./effective.ts";
import { checkGuardRails } from "./guard-rails.ts";
import type { Provenance } from "./layers.ts";
import type { CallOverrides, ScalePart, TrafficPart, WorkloadPart } from "./parts.ts";
import { policiesFor } from "./policies.ts";
import { Problem } from "./problem.ts";
import { callsPart } from "./resolve-calls.ts";
import { trafficPart } from "./resolve-traffic.ts";
import { workloadPart } from "./resolve-workload.ts";
import type { TokenIssuer } from "./token-issuer.ts";

export interface ResolveInput extends Surroundings {
  cluster: Cluster;
  issuers: readonly TokenIssuer[];
  /** Image with tag or digest, as the release carries it. Absent: the App's own, else its artifact without a digest. */
  image?: string | undefined;
}

export interface AppParts {
  workload: WorkloadPart;
  scale: ScalePart;
  traffic: TrafficPart;
  calls: CallOverrides;
}

export interface Resolved {
  parts: AppParts;
  /** Where each value came from. Fields that nothing gave are absent. */
  provenance: Provenance;
  /** Guard-rails that the outcome goes against, and references to what isn't declared. Empty: it may be put in force. */
  problems: Problem[];
}

/** The parts of a valid App for one cluster: with defaults, segment, Policies and overrides filled in and units converted. */
export function resolve(app: App, input: ResolveInput): Resolved {
  const { spec, provenance } = effectiveSpec(app, input);
  const subject = `App/${app.metadata.name}`;
  const issuers = new Map(input.issuers.map((issuer) => [issuer.metadata.name, issuer.spec]));
  const problems = checkGuardRails(spec, policiesFor(app, input.policies));
  for (const [index, { jwt }] of (app.spec.expose ?? []).entries()) {
    if (jwt === undefined || issuers.has(jwt)) continue;
    problems.push(
      new Problem("unknown-reference", `spec.expose[${index}].jwt is ${jwt}, but there is no such TokenIssuer.`, {
        field: `spec.expose[${index}].jwt`,
        found: jwt,
        accepted: [...issuers.keys()].join(", ") || "a TokenIssuer; none is declared",
      }),
    );
  }
  const { min, max } = spec.workload!.replicas!;
  if (min! > max!)
    problems.push(
      new Problem(
        "conflicting-fields",
        `In ${input.cluster.metadata.name} replicas.min is ${min} (${provenance["workload.replicas.min"]}), above replicas.max, which is ${max} (${provenance["workload.replicas.max"]}).`,
        { field: "spec.workload.replicas.min", found: min, accepted: `at most ${max}` },
      ),
    );
  return {
    parts: {
      workload: workloadPart(app, spec, input.image),
      scale: { min: min!, max: max!, targetCPU: spec.workload!.replicas!.targetCPU! },
      traffic: trafficPart(spec, issuers, provenance["traffic.timeout"] === "default"),
      calls: callsPart(spec),
    },
    provenance,
    problems: problems.map((problem) => problem.with({ subject })),
  };
}
