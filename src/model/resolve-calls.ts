import type { AppSpec } from "./app.ts";
import { durationMs } from "./duration.ts";
import type { CallOverrides } from "./parts.ts";

/** By callee, what the App's calls override. Calls that override nothing are absent. */
export function callsPart(spec: AppSpec): CallOverrides {
  const overrides: CallOverrides = {};
  for (const call of spec.calls ?? []) {
    if ("host" in call || (call.timeout === undefined && call.retries === undefined)) continue;
    const { timeout, retries, methods, paths } = call;
    const { attempts, perTryTimeout, retryOn } = retries ?? {};
    overrides[call.app] = {
      ...(timeout !== undefined && { timeoutMs: durationMs(timeout) }),
      ...(retries !== undefined && {
        retries: {
          ...(attempts !== undefined && { attempts }),
          ...(perTryTimeout !== undefined && { perTryTimeoutMs: durationMs(perTryTimeout) }),
          ...(retryOn !== undefined && { retryOn: retryOn.map(String) }),
        },
      }),
      ...((methods !== undefined || paths !== undefined) && {
        match: { ...(methods !== undefined && { methods }), ...(paths !== undefined && { paths }) },
      }),
    };
  }
  return overrides;
}
