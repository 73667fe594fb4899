import type { ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { followReleases, readRelease } from "../follow-release.ts";
import { painter } from "../output.ts";
import { releaseTree } from "../release-tree.ts";
import { releaseName, type ReleaseView, type SteerKind } from "../release-view.ts";
import { underWay } from "../under-way.ts";
import { withClient } from "../with-client.ts";

export interface SteerOptions {
  release?: number;
  why?: string;
  wait?: boolean;
  timeout?: number;
}

const past: Record<SteerKind, string> = {
  promote: "promoted",
  pause: "paused: it holds before its next step",
  resume: "goes on",
  abort: "is given up: everything goes back",
};

/** Tells a release under way to promote, pause, resume or abort: the newest one, or `--release N`. */
export async function steer(
  kind: SteerKind,
  app: string,
  { release, why, wait, timeout }: SteerOptions,
): Promise<void> {
  await withClient(async (client) => {
    const { number } = await asked(client, kind, app, release);
    const { body } = await client.call<ReleaseView>(
      "POST",
      `/api/v1/apps/${encodeURIComponent(app)}/releases/${number}/${kind}`,
      { query: { why } },
    );
    console.log(`${releaseName(body)} ${past[kind]}`);
    if (wait !== true) {
      const columns = process.stdout.columns ?? 120;
      const [, ...lines] = releaseTree(body, {
        now: body.at,
        columns,
        paint: painter(process.stdout),
        density: "lines",
      });
      if (process.stdout.isTTY) console.log(lines.join("\n"));
      return;
    }
    try {
      await followReleases(client, [{ app, number }], timeout === undefined ? {} : { timeoutMs: timeout });
    } catch (error) {
      // Whoever aborts wants just this end.
      if (kind !== "abort" || !(error instanceof CliError) || error.code !== "aborted") throw error;
    }
  });
}

function asked(client: ApiClient, kind: SteerKind, app: string, release: number | undefined): Promise<ReleaseView> {
  return release === undefined ? underWay(client, app, kind) : readRelease(client, { app, number: release });
}
