import { ApiError, type ApiClient } from "../api-client.ts";
import type { AppView } from "../app-view.ts";
import { count } from "../output.ts";
import { withClient } from "../with-client.ts";

export interface LogsOptions {
  follow?: boolean;
  tail: number;
  cluster?: string;
  pod?: string;
  previous?: boolean;
}

export interface PodState {
  cluster: string;
  pod: string;
  state: string;
  reason?: string;
  restarts: number;
}

/** What an app's processes wrote, of all its pods or one; with `--follow` until Ctrl-C. */
export async function logs(app: string, { follow, tail, cluster, pod, previous }: LogsOptions): Promise<void> {
  await withClient(async (client) => {
    const path = `/api/v1/apps/${encodeURIComponent(app)}`;
    const yes = (flag: boolean | undefined) => (flag === true ? true : undefined);
    let body: AsyncIterable<Buffer>;
    try {
      body = await client.stream(`${path}/logs`, {
        follow: yes(follow),
        previous: yes(previous),
        tail,
        cluster,
        pod,
      });
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 404) error.hint = await whyNone(client, path);
      throw error;
    }
    let written = 0;
    for await (const chunk of body) {
      written += chunk.length;
      process.stdout.write(chunk);
    }
    if (written > 0) return;
    const { instances } = await client.get<{ instances: PodState[] }>(`${path}/instances`);
    const asked = instances.filter(
      (one) => (cluster ?? one.cluster) === one.cluster && (pod === undefined || one.pod === pod),
    );
    process.stderr.write(`${nothingWritten(app, asked, previous === true).join("\n")}\n`);
  });
}

/** Nothing in the logs: that it is so, and where words may be found. Pure. */
export function nothingWritten(app: string, pods: readonly PodState[], previous: boolean): string[] {
  const restarted = pods.filter(({ restarts }) => restarts > 0);
  return [
    previous
      ? `no process of ${app} wrote anything before its last restart`
      : `${app} has written nothing (${count(pods.length, "pod")})`,
    ...pods
      .filter(({ state }) => state !== "ready")
      .map((one) => `  ${one.cluster}/${one.pod} ${one.state}${one.reason === undefined ? "" : `: ${one.reason}`}`),
    ...(restarted.length > 0 && !previous
      ? [`  ${count(restarted.length, "pod")} restarted; what was written before: quipu logs ${app} --previous`]
      : []),
  ];
}

/** No pod is there: the newest release may tell why. Undefined: nothing is known. */
async function whyNone(client: ApiClient, path: string): Promise<string | undefined> {
  try {
    const { phase, releases, app } = await client.get<AppView>(`${path}/status`);
    const [newest] = releases;
    if (newest?.status?.phase === "failed")
      return `Its newest release, ${newest.metadata.name}, failed, and its pods were removed: ${newest.status.reason ?? "no reason is known"}`;
    return phase === "declared"
      ? `Nothing of it runs yet: quipu deploy ${app} --image IMAGE, or --from DIR`
      : undefined;
  } catch {
    return undefined;
  }
}
