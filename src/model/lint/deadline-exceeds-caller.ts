import { durationMs, formatDuration } from "../duration.ts";
import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** A call that may take longer than the app's own callers wait for it. */
export function deadlineExceedsCaller(subject: Subject): Problem[] {
  const ownMs = durationMs(subject.effective(subject.app).spec.traffic!.timeout ?? "0s");
  if (ownMs === 0) return [];
  return (subject.spec.calls ?? []).flatMap((call, index) => {
    if ("host" in call) return [];
    const callee = subject.fleet.apps.get(call.app);
    const deadline = subject.deadline(subject.app, call.app);
    if (callee === undefined || deadline === undefined) return [];
    // No deadline at all is how streams and TCP are; it is a mistake only when somebody said so for HTTP.
    if (deadline.timeoutMs === 0 && (call.timeout === undefined || !subject.speaksHttp(callee))) return [];
    if (deadline.timeoutMs > 0 && deadline.timeoutMs <= ownMs) return [];
    const field = `spec.calls[${index}].timeout`;
    const takes = deadline.timeoutMs === 0 ? "any time" : formatDuration(deadline.timeoutMs);
    return [
      new Problem(
        "deadline-exceeds-caller",
        `A call to ${call.app} may take ${takes}, but callers of ${subject.app.metadata.name} wait ${formatDuration(ownMs)}.`,
        { field, found: call.timeout ?? takes, accepted: `at most ${formatDuration(ownMs)}` },
      ),
    ];
  });
}
