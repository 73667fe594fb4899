/** What a Kubernetes API answers when it refuses, and what happens when it can't be reached. */

/** `meta/v1 Status` of a failure. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}
export interface Status {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/**
 * `kube/status`: the API answered with a failure; `kube/unreachable`: no answer; `kube/timeout`: none in time;
 * `kube/malformed`: an answer that isn't the Kubernetes API's; `kube/aborted`: the caller gave up.
 */
export type KubeErrorCode = "kube/status" | "kube/unreachable" | "kube/timeout" | "kube/malformed" | "kube/aborted";

/** A field that another manager owns, of a server-side apply that was refused. */
export interface FieldConflict {
  field: string;
  manager: string;
}

export class KubeError extends Error {
  readonly code: KubeErrorCode;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** Kubernetes' reason (`NotFound`, `Conflict`, `AlreadyExists`, `Expired`, …); "" without an answer. */
  readonly reason: string;
  readonly details: StatusDetails;
  /** What the server asked us to wait, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: KubeErrorCode,
    message: string,
    options: { status?: number; reason?: string; details?: StatusDetails; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KubeError";
    this.code = code;
    this.status = options.status ?? 0;
    this.reason = options.reason ?? "";
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The fields of a refused server-side apply with their owners; empty for every other error. */
  get conflicts(): FieldConflict[] {
    return (this.details.causes ?? []).flatMap(({ reason, message = "", field = "" }) =>
      reason === "FieldManagerConflict"
        ? [{ field, manager: /conflict with "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message }]
        : [],
    );
  }

  /** The API as a whole can't be used right now: no answer, overload or a failure of the server itself. */
  get transient(): boolean {
    return (
      this.code === "kube/unreachable" || this.code === "kube/timeout" || this.status === 429 || this.status >= 500
    );
  }

  /** The version asked for has been compacted away: list again (410). */
  get expired(): boolean {
    return this.status === 410 || this.reason === "Expired" || this.reason === "Gone";
  }
}

/** An error from a response's body, which should be a Status. */
export function errorFromStatus(request: string, httpStatus: number, body: string, retryAfter?: string): KubeError {
  const status = parseStatus(body);
  const code = status?.code ?? httpStatus;
  const seconds =
    retryAfter !== undefined && /^\d+$/.test(retryAfter.trim())
      ? Number(retryAfter)
      : status?.details?.retryAfterSeconds;
  const error = new KubeError(status || httpStatus >= 400 ? "kube/status" : "kube/malformed", "", {
    status: code,
    reason: status?.reason ?? "",
    details: status?.details ?? {},
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
  });
  const owners = error.conflicts.map(({ field, manager }) => `${field} is owned by "${manager}"`);
  error.message =
    owners.length > 0
      ? `${request}: ${owners.join("; ")}`
      : `${request}: ${status?.message ?? (body.slice(0, 200).trim() || `HTTP ${httpStatus}`)}`;
  return error;
}

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body);
    return typeof value === "object" && value !== null && value.kind === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}
