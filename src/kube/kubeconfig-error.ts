export type KubeconfigErrorCode = "kubeconfig/broken" | "kubeconfig/missing" | "kubeconfig/unsupported";

/** What is wrong with a kubeconfig, and where. */
export class KubeconfigError extends Error {
  readonly code: KubeconfigErrorCode;
  /** Path in the file, such as `users[admin].exec`. */
  readonly field: string;
  readonly found: string | undefined;
  readonly accepted: string | undefined;
  constructor(
    code: KubeconfigErrorCode,
    message: string,
    field: string,
    detail: { found?: string; accepted?: string; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "KubeconfigError";
    this.code = code;
    this.field = field;
    this.found = detail.found;
    this.accepted = detail.accepted;
  }
}
