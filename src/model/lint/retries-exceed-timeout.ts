import { durationMs, formatDuration } from "../duration.ts";
import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** The first try and all further ones, each as long as it may be, don't fit the timeout of the whole request. */
export function retriesExceedTimeout(subject: Subject): Problem[] {
  const own = subject.variants().flatMap(({ where, effective: { spec } }) => {
    const { timeout = "0s", retries } = spec.traffic!;
    return exceeds(
      durationMs(timeout),
      retries!.attempts!,
      durationMs(retries!.perTryTimeout!),
      "spec.traffic.retries.perTryTimeout",
      where,
    );
  });
  const calls = (subject.spec.calls ?? []).flatMap((call, index) => {
    if ("host" in call || (call.timeout === undefined && call.retries === undefined)) return [];
    const deadline = subject.deadline(subject.app, call.app);
    return deadline === undefined
      ? []
      : exceeds(
          deadline.timeoutMs,
          deadline.attempts,
          deadline.perTryTimeoutMs,
          `spec.calls[${index}].retries.perTryTimeout`,
          ` for calls to ${call.app}`,
        );
  });
  return [...own, ...calls];
}

function exceeds(timeoutMs: number, attempts: number, perTryMs: number, field: string, where: string): Problem[] {
  const needed = (attempts + 1) * perTryMs;
  if (timeoutMs === 0 || perTryMs === 0 || needed <= timeoutMs) return [];
  const fitting = Math.floor(timeoutMs / (attempts + 1));
  return [
    new Problem(
      "retries-exceed-timeout",
      `${attempts + 1} tries of ${formatDuration(perTryMs)} take ${formatDuration(needed)}, but the timeout${where} is ${formatDuration(timeoutMs)}.`,
      {
        field,
        found: formatDuration(perTryMs),
        accepted: `at most ${formatDuration(fitting)}, fewer attempts, or a timeout of ${formatDuration(needed)}`,
      },
    ),
  ];
}
