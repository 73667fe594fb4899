/** What can go wrong with keys and certificates. Codes are stable. */
export type TrustErrorCode =
  | "trust/bad-spiffe-id"
  | "trust/bad-trust-domain"
  | "trust/bad-lifetime"
  | "trust/bad-key"
  | "trust/bad-names"
  | "trust/wrong-passphrase"
  | "trust/damaged"
  | "trust/missing";

/** `field`: which input or file; `found`: what was there (never a secret); `accepted`: what would have been right. */
export class TrustError extends Error {
  readonly code: TrustErrorCode;
  readonly field: string | undefined;
  readonly found: string | undefined;
  readonly accepted: string | undefined;

  constructor(
    code: TrustErrorCode,
    message: string,
    detail: { field?: string; found?: string; accepted?: string; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "TrustError";
    this.code = code;
    this.field = detail.field;
    this.found = detail.found;
    this.accepted = detail.accepted;
  }
}
