import type { App } from "../app.ts";
import type { Problem } from "../problem.ts";
import { callerOverrides } from "./caller-overrides.ts";
import { deadlineExceedsCaller } from "./deadline-exceeds-caller.ts";
import { exposedOpenly } from "./exposed-openly.ts";
import { httpRuleForTcp } from "./http-rule-for-tcp.ts";
import { limitAbovePool } from "./limit-above-pool.ts";
import { pathTaken } from "./path-taken.ts";
import { replicasCannotCarryStep } from "./replicas-cannot-carry-step.ts";
import { retriesExceedTimeout } from "./retries-exceed-timeout.ts";
import { retryAmplification } from "./retry-amplification.ts";
import { Subject, type Fleet } from "./subject.ts";
import { unansweredCalls } from "./unanswered-calls.ts";
import { unusedConsent } from "./unused-consent.ts";

export type LintRule = (subject: Subject) => Problem[];

const rules: readonly LintRule[] = [
  retriesExceedTimeout,
  deadlineExceedsCaller,
  retryAmplification,
  limitAbovePool,
  replicasCannotCarryStep,
  exposedOpenly,
  unusedConsent,
  unansweredCalls,
  httpRuleForTcp,
  pathTaken,
  callerOverrides,
];

/** What is legal but probably wrong about a valid App among all others: warnings, each with its field; none stops a change. */
export function lint(app: App, fleet: Fleet): Problem[] {
  const subject = new Subject(app, fleet);
  const problems = rules
    .flatMap((rule) => rule(subject))
    .map((problem) => problem.with({ subject: `App/${app.metadata.name}` }));
  return [
    ...new Map(problems.map((problem) => [`${problem.code} ${problem.field} ${problem.message}`, problem])).values(),
  ];
}
