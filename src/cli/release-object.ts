/** What a Release tells about itself: `GET /api/v1/releases/NAME`. */
export interface ReleaseObject {
  metadata: { name: string; creationTimestamp: string };
  spec: {
    app: string;
    number: number;
    parts: string[];
    image?: string;
    cause?: { kind: string; by: string; message?: string; release?: number };
  };
  status?: {
    phase: string;
    step: string | null;
    revision?: string | null;
    reason?: string;
    code?: string;
    deadline?: number;
    then?: string;
    /** Unix ms. */
    finishedAt?: number;
  };
}

/** `stopped`: it never began, for another one of its train failed. */
const ended = ["finished", "failed", "superseded", "stopped"];

export function hasEnded(phase: string | undefined): boolean {
  return phase !== undefined && ended.includes(phase);
}
