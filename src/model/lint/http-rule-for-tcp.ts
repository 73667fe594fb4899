import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** Methods and paths exist in HTTP only: a call restricted to some of them never matches a TCP connection and is refused. */
export function httpRuleForTcp(subject: Subject): Problem[] {
  return (subject.spec.calls ?? []).flatMap((call, index) => {
    if ("host" in call || (call.methods === undefined && call.paths === undefined)) return [];
    const callee = subject.fleet.apps.get(call.app);
    if (callee === undefined || subject.speaksHttp(callee)) return [];
    const field = `spec.calls[${index}].${call.methods !== undefined ? "methods" : "paths"}`;
    return [
      new Problem("http-rule-for-tcp", `${call.app} has no HTTP port: a rule by methods or paths admits nothing.`, {
        field,
        found: call.methods ?? call.paths,
        accepted: "a call without methods and paths",
      }),
    ];
  });
}
