import type { ApiClient } from "./api-client.ts";
import { CliError } from "./cli-error.ts";
import { Progress } from "./progress.ts";
import { splitOutput, waitingWords } from "./release-wait.ts";

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

/** Waits for a release's end and shows what it waits for, until when. Throws CliError "failed" unless it finished. */
export async function followRelease(
  client: Pick<ApiClient, "get">,
  name: string,
  progress: Progress = new Progress(),
): Promise<ReleaseView> {
  let told = false;
  /** What the app wrote is shown once, however often its process ends. */
  const tell = (output: string | undefined) => {
    if (told || output === undefined || output === "") return;
    told = true;
    progress.note(["  it wrote:", ...output.split("\n").map((line) => `  | ${line}`)]);
  };
  for (;;) {
    const release = await client.get<ReleaseView>(`/api/v1/releases/${encodeURIComponent(name)}`);
    const { phase = "waiting", reason, code } = release.status ?? {};
    if (hasEnded(phase)) {
      const why = reason === undefined ? { text: "" } : splitOutput(reason);
      if (phase !== "finished") tell(why.output);
      progress.done(`${name} ${phase}`, phase === "finished");
      if (phase !== "finished")
        throw new CliError(
          "failed",
          `release ${name} ${phase}${why.text === "" ? "" : `: ${why.text}`}${code === undefined ? "" : ` [${code}]`}`,
          "What ran before is untouched.",
        );
      return release;
    }
    const { text, deadline, output } = waitingWords(release, Date.now());
    progress.update(text, deadline);
    tell(output);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits for the ends of several, one after another. Throws CliError "failed" when some of them failed, after all have ended. */
export async function followReleases(client: ApiClient, names: readonly string[]): Promise<void> {
  const failures: CliError[] = [];
  for (const name of names) {
    try {
      await followRelease(client, name);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== "failed") throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw new CliError("failed", failures.map(({ message }) => message).join("\n"), failures[0]!.hint);
}
