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
 * `kube/malformed`: an answer that isn't the Kubernetes API's; `kube/aborted`: the caller gave up; `kube/credentials`: no
 * credentials could be had, so that nothing was asked; `kube/no-kind`: the cluster doesn't have the kind.
 */
export type KubeErrorCode =
  | "kube/status"
  | "kube/unreachable"
  | "kube/timeout"
  | "kube/malformed"
  | "kube/aborted"
  | "kube/credentials"
  | "kube/no-kind";

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

  /** No other request would fare better now: no contact, or an API that doesn't know us or has no time for anybody. */
  get lost(): boolean {
    if (this.code === "kube/no-kind") return false;
    if (this.code !== "kube/status") return true;
    const { status, reason } = this;
    // A failure without a Status is a load balancer's: the API behind it was never asked. With one, 500 and 504 may be one object's (a webhook that hangs).
    return status === 401 || status === 429 || status === 503 || this.anonymous || (status >= 500 && reason === "");
  }

  /** The API took us for nobody: it didn't find our credentials good, or got none. */
  get anonymous(): boolean {
    return this.status === 403 && this.message.includes('User "system:anonymous"');
  }

  /** The object asked for isn't there: said by the API about the object, not by something on the way about a path. */
  get absent(): boolean {
    return this.status === 404 && this.reason === "NotFound" && this.details.name !== undefined;
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
      : `${request}: ${status?.message ?? `HTTP ${httpStatus}${body.trim() === "" ? "" : ` with ${whatCame(body)}`}`}`;
  if (httpStatus >= 300 && httpStatus < 400)
    error.message += ": something in between sends us elsewhere, perhaps to a page for logging in";
  // RBAC names verb and resource (https://kubernetes.io/docs/reference/access-authn-authz/rbac/); an admission's refusal explains itself.
  if (code === 403 && /User "[^"]*" cannot /.test(error.message) && !error.anonymous)
    error.message += " (bind that user to a ClusterRole that allows it)";
  return error;
}

/** What came in place of an API's answer, without its content where that may be an object: objects hold secrets. */
export function whatCame(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "nothing";
  const title = /<title>([^<]{1,80})/i.exec(trimmed)?.[1]?.trim();
  if (trimmed.startsWith("<")) return `an HTML page${title ? ` titled "${title}"` : ""}`;
  if (/^[{["]/.test(trimmed)) {
    try {
      const { kind } = (JSON.parse(trimmed) ?? {}) as { kind?: unknown };
      return typeof kind === "string" ? `a ${kind.slice(0, 80)}` : "JSON of another kind";
    } catch {
      return `JSON that breaks off or is damaged (${Buffer.byteLength(text)} bytes)`;
    }
  }
  // oxlint-disable-next-line no-control-regex
  return `"${trimmed.slice(0, 100).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")}"`;
}

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body);
    return typeof value === "object" && value !== null && value.kind === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}
