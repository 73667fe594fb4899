import { groupVersion } from "../../objects/meta.ts";
import type { Kind } from "../../objects/kinds.ts";

/** One cause in `details.causes` of a Status (Kubernetes API reference, StatusCause). */
export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, unknown>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code: number;
}

/** A refusal as the Kubernetes API words it: `code` is the HTTP status, `reason` the machine-readable word of metav1.StatusReason. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** `deployments.apps`, or `pods` for the core group. */
export function resourceName(kind: Kind): string {
  const { group } = groupVersion(kind.apiVersion);
  return group === "" ? kind.plural : `${kind.plural}.${group}`;
}

function about(kind: Kind, name: string, rest: Partial<StatusDetails> = {}): StatusDetails {
  const { group } = groupVersion(kind.apiVersion);
  return { name, ...(group === "" ? {} : { group }), kind: kind.plural, ...rest };
}

export function notFound(kind: Kind, name: string): ApiError {
  return new ApiError(404, "NotFound", `${resourceName(kind)} "${name}" not found`, about(kind, name));
}

export function alreadyExists(kind: Kind, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${resourceName(kind)} "${name}" already exists`, about(kind, name));
}

export function conflict(kind: Kind, name: string, why: string): ApiError {
  return new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`,
    about(kind, name),
  );
}

export function forbidden(kind: Kind, name: string, why: string, causes?: StatusCause[]): ApiError {
  return new ApiError(
    403,
    "Forbidden",
    `${resourceName(kind)} "${name}" is forbidden: ${why}`,
    about(kind, name, causes === undefined ? {} : { causes }),
  );
}

/** 422 with every cause, worded `KIND.GROUP "NAME" is invalid: …`. */
export function invalid(kind: Kind, name: string, causes: readonly StatusCause[]): ApiError {
  const { group } = groupVersion(kind.apiVersion);
  const texts = causes.map((cause) => (cause.field === undefined ? cause.message : `${cause.field}: ${cause.message}`));
  const all = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return new ApiError(422, "Invalid", `${kind.kind}${group === "" ? "" : `.${group}`} "${name}" is invalid: ${all}`, {
    ...about(kind, name),
    kind: kind.kind,
    causes: [...causes],
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

/** The watch or list can't continue from there: list again. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}
