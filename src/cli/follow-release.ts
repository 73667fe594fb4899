import type { ApiClient } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { Progress } from "./progress.ts";

/** What a Release tells about itself. */
export interface ReleaseView {
  metadata: { name: string; creationTimestamp: string };
  spec: { app: string; number: number; parts: string[]; image?: string };
  status?: { phase: string; step: string | null; reason?: string; code?: string; deadline?: number; then?: string };
}

const ended = ["finished", "failed", "superseded"];

export function hasEnded(phase: string | undefined): boolean {
  return phase !== undefined && ended.includes(phase);
}

/** Waits for a release's end and shows what it waits for. Throws CliError "failed" unless it finished. */
export async function followRelease(client: ApiClient, name: string): Promise<ReleaseView> {
  const progress = new Progress();
  for (;;) {
    const release = await client.get<ReleaseView>(`/api/v1/releases/${encodeURIComponent(name)}`);
    const { phase = "waiting", step, reason, code } = release.status ?? {};
    if (hasEnded(phase)) {
      progress.done(
        `${name} ${phase}${reason === undefined || phase === "finished" ? "" : `: ${reason}`}`,
        phase === "finished",
      );
      if (phase !== "finished")
        throw new CliError(
          "failed",
          `release ${name} ${phase}${reason === undefined ? "" : `: ${reason}`}${code === undefined ? "" : ` [${code}]`}`,
          "What ran before is untouched.",
        );
      return release;
    }
    progress.update(`${name}: ${step ?? phase}${reason === undefined ? "" : ` – ${reason}`}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
