import { expect, test } from "vitest";
import { account, told } from "../../harness/account.ts";
import { brief, declare, ended, until } from "../../harness/releases.ts";
import { clients, clusters, expectNoneFailed, shop, twoWaves, under } from "../support/two-clusters.ts";
import { routesOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

export function trafficAborted(story: Story): void {
  test("a traffic change is aborted in the second wave, then tried again and undone", async () => {
    const { fleet } = story;
    const timeouts = async () =>
      Promise.all(clusters.map(async (cluster) => (await routesOf(fleet, cluster, "shop")).includes('"timeout":"4s"')));
    const { tallies } = await under(fleet, clients, async () => {
      const change = shop({ rollout: { waves: twoWaves }, spec: { traffic: { timeout: "4s" } } });
      const release = await declare(fleet, change);
      const inSecond = await until(fleet, release, ({ waves }) =>
        waves[1]!.clusters[0]!.steps.some(({ do: kind, heldAt }) => kind === "traffic" && heldAt !== undefined),
      );
      expect(inSecond.waves[0]!.state, brief(inSecond)).toBe("done");
      expect(await timeouts()).toEqual([true, true]);
      await fleet.client.call("POST", `/api/v1/apps/shop/releases/${release.number}/abort`, {
        query: { why: "it can wait" },
      });
      const aborted = await ended(fleet, release);
      expect(aborted, brief(aborted)).toMatchObject({ phase: "failed", code: "aborted", parts: ["traffic"] });
      expect(aborted.reason).toContain("it can wait");
      expect(await timeouts()).toEqual([false, false]);

      const retry = await again(story, "retry");
      expect(retry.phase, brief(retry)).toBe("finished");
      expect(await timeouts()).toEqual([true, true]);
      const undo = await again(story, "undo", { only: ["traffic"] });
      expect(undo.phase, brief(undo)).toBe("finished");
      expect(await timeouts()).toEqual([false, false]);
    });
    const seen = account(tallies);
    console.log(told("a traffic change aborted, tried again, undone", seen));
    expectNoneFailed(seen);
  });
}

async function again({ fleet }: Story, what: "retry" | "undo", body?: object) {
  const answer = await fleet.client.call<{ releases: string[] }>("POST", `/api/v1/apps/shop/${what}`, {
    ...(body !== undefined && { body }),
  });
  const number = Number(answer.body.releases[0]?.split("-r")[1]);
  return ended(fleet, { app: "shop", number });
}
