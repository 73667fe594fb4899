import type { AppTraffic } from "./app-traffic.ts";
import { checkRollout } from "./check-rollout.ts";
import { checkReplicas, checkTraffic } from "./check-values.ts";
import { checkGuardRailFields } from "./guard-rails.ts";
import type { Cluster } from "./cluster.ts";
import type { Document } from "./kinds.ts";
import { Problem } from "./problem.ts";
import type { AppDefaults } from "./segment.ts";

type ClusterSpec = Cluster["spec"];

/** Namespaces that exist without us. */
const reservedSegments = /^(default|istio-system|quipu-system|kube-.*)$/;

/** What the schemas of the kinds beside App can't say. */
export function checkKind(document: Exclude<Document, { kind: "App" }>): Problem[] {
  switch (document.kind) {
    case "Policy":
      return [...checkGuardRailFields(document.spec.guardRails ?? {}), ...defaults(document.spec.defaults)];
    case "Segment":
      return [...defaults(document.spec.defaults), ...reserved(document.metadata.name)];
    case "Cluster":
      return [...connection(document.spec), ...pauses(document.spec)];
    case "TokenIssuer":
      return exactlyOne(document.spec, ["jwks", "jwksUri"]);
    case "Window":
      return [
        ...exactlyOne(document.spec, ["once", "weekly"]),
        ...span(document.spec.once),
        ...timeZone(document.spec.weekly),
      ];
    default:
      return [];
  }
}

function defaults(values: AppDefaults | undefined): Problem[] {
  return [
    ...checkRollout(values?.rollout, "spec.defaults.rollout"),
    ...checkReplicas(values?.workload, "spec.defaults.workload"),
    ...checkTraffic(values?.traffic as AppTraffic | undefined, "spec.defaults.traffic"),
  ];
}

function reserved(name: string): Problem[] {
  return reservedSegments.test(name)
    ? [
        new Problem("reserved-name", `metadata.name is ${name}, a namespace of the system.`, {
          field: "metadata.name",
          found: name,
          accepted: "another name",
        }),
      ]
    : [];
}

function exactlyOne(spec: Record<string, unknown>, fields: readonly [string, string]): Problem[] {
  const given = fields.filter((field) => spec[field] !== undefined);
  if (given.length === 1) return [];
  if (given.length === 0)
    return [
      new Problem("missing-field", `spec has neither ${fields.join(" nor ")}.`, {
        field: "spec",
        accepted: fields.join(" or "),
      }),
    ];
  return [
    new Problem("conflicting-fields", `spec has both ${fields.join(" and ")}.`, {
      field: `spec.${fields[1]}`,
      found: spec[fields[1]],
      accepted: "one of the two",
    }),
  ];
}

function connection({ provider, connection: given }: ClusterSpec): Problem[] {
  if (given === undefined) return [];
  const field = "spec.connection";
  if (provider === "embedded")
    return [
      new Problem("conflicting-fields", "An embedded cluster is reached by the server that runs it.", {
        field,
        found: given,
        accepted: "no connection, or provider: kubernetes",
      }),
    ];
  const { agent = false, kubeconfig } = given;
  if (agent && kubeconfig !== undefined)
    return [
      new Problem("conflicting-fields", `${field} names a kubeconfig, and an agent that needs none.`, {
        field: `${field}.agent`,
        found: true,
        accepted: "one of the two",
      }),
    ];
  return !agent && kubeconfig === undefined
    ? [
        new Problem("missing-field", `${field} says nothing of how the cluster is reached.`, {
          field: `${field}.kubeconfig`,
          accepted: "kubeconfig: { context: NAME }, or agent: true",
        }),
      ]
    : [];
}

function pauses({ healing }: ClusterSpec): Problem[] {
  return (healing?.paused ?? []).flatMap(({ until }, at) =>
    Number.isNaN(Date.parse(until))
      ? [
          new Problem("bad-format", `spec.healing.paused[${at}].until isn't a day that exists.`, {
            field: `spec.healing.paused[${at}].until`,
            found: until,
            accepted: "a time such as 2026-12-24T18:00:00-05:00",
          }),
        ]
      : [],
  );
}

function span(once: { from: string; to: string } | undefined): Problem[] {
  if (once === undefined) return [];
  const [from, to] = [Date.parse(once.from), Date.parse(once.to)];
  for (const [field, at] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (Number.isNaN(at))
      return [
        new Problem("bad-format", `spec.once.${field} isn't a day that exists.`, {
          field: `spec.once.${field}`,
          found: once[field],
          accepted: "a time such as 2026-12-24T18:00:00-05:00",
        }),
      ];
  }
  return from < to
    ? []
    : [
        new Problem("conflicting-fields", "spec.once ends before it begins.", {
          field: "spec.once.to",
          found: once.to,
          accepted: `a time after ${once.from}`,
        }),
      ];
}

function timeZone(weekly: { timeZone: string } | undefined): Problem[] {
  if (weekly === undefined) return [];
  try {
    // Throws a RangeError for a zone that it doesn't know.
    Intl.DateTimeFormat("en", { timeZone: weekly.timeZone });
    return [];
  } catch {
    return [
      new Problem("bad-format", `spec.weekly.timeZone is ${weekly.timeZone}.`, {
        field: "spec.weekly.timeZone",
        found: weekly.timeZone,
        accepted: "an IANA time zone such as America/Bogota",
      }),
    ];
  }
}
