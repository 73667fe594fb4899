import { expect, test } from "vitest";
import { account, told } from "../../harness/account.ts";
import { atWeight, brief, declare, ended, until } from "../../harness/releases.ts";
import { killRole, leader } from "../../kills/whole.ts";
import { clients, clusters, expectNoneFailed, shop, under } from "../support/two-clusters.ts";
import { workloadsOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

export function superseded(story: Story): void {
  test("a release supersedes another at 50 %: the server is killed between two writes, a cluster is out of contact", async () => {
    const { fleet } = story;
    const steps = [{ weight: 50, hold: "20s" }];
    const { result, tallies } = await under(fleet, clients, async () => {
      const first = await declare(fleet, shop({ version: "half", rollout: { steps } }));
      await until(fleet, first, (view) => clusters.every((cluster) => atWeight(50, cluster)(view)));
      const away = leader(fleet, "cluster/montevideo")!.pid;
      process.kill(away, "SIGSTOP");
      try {
        const second = await declare(fleet, shop({ version: "whole" }));
        // Its way back is written for the cluster that answers, and goes on after that.
        await until(fleet, first, ({ waves }) =>
          waves.some((wave) => wave.clusters.some(({ back }) => back.some(({ writtenAt }) => writtenAt !== undefined))),
        );
        await killRole(fleet, "server");
        await until(fleet, second, ({ begunAt }) => begunAt !== undefined);
        process.kill(away, "SIGCONT");
        return { first: await ended(fleet, first), second: await ended(fleet, second) };
      } finally {
        process.kill(away, "SIGCONT");
      }
    });
    const seen = account(tallies);
    console.log(told("one release supersedes another", seen));
    const { first, second } = result;
    expect(first, brief(first)).toMatchObject({ phase: "superseded", code: "superseded" });
    expect(second.phase, brief(second)).toBe("finished");
    expectNoneFailed(seen);
    for (const cluster of clusters)
      expect(await workloadsOf(fleet, cluster, "shop")).toEqual([`shop-${second.revision}`]);
  });
}
