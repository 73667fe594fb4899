/**
 * Why a pod can't go on, in Kubernetes' own words: `reason` is the stable code that container statuses and events
 * carry (ErrImagePull, CreateContainerConfigError, StartError, …), `message` says what was found and what is accepted.
 */
export class PodProblem extends Error {
  override readonly name = "PodProblem";
  readonly reason: PodProblemReason;
  /** Worth trying again later, as when a Secret is created after its pod. */
  readonly retry: boolean;

  constructor(reason: PodProblemReason, message: string, retry = true) {
    super(message);
    this.reason = reason;
    this.retry = retry;
  }
}

export type PodProblemReason =
  | "ErrImagePull"
  | "InvalidImageName"
  | "CreateContainerConfigError"
  | "CreateContainerError"
  | "StartError"
  | "OutOfPods"
  | "OutOfPorts"
  | "UnsupportedPodSpec";

/** Anything else that goes wrong on the way (a full disk, no more file handles) keeps the pod waiting, and says what it was. */
export function asPodProblem(error: unknown): PodProblem {
  return error instanceof PodProblem
    ? error
    : new PodProblem("CreateContainerError", error instanceof Error ? error.message : String(error));
}
