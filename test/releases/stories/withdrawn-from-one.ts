import { expect, test } from "vitest";
import { account, told } from "../../harness/account.ts";
import type { Client } from "../../harness/mesh-load.ts";
import { atWeight, brief, declare, ended, until } from "../../harness/releases.ts";
import { expectNoneFailed, shop, under } from "../support/two-clusters.ts";
import { workloadsOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

export function withdrawnFromOne(story: Story): void {
  test("an app at home in both clusters is withdrawn from one during its canary", async () => {
    const { fleet } = story;
    const callers: Client[] = [
      { cluster: "bogota", app: "front", url: "http://shop.one/", rate: 105 },
      { cluster: "bogota", host: "shop.example", rate: 105 },
    ];
    const { result, tallies } = await under(fleet, callers, async () => {
      const canary = await declare(
        fleet,
        shop({ version: "moving", rollout: { steps: [{ weight: 50, hold: "30s" }] } }),
      );
      await until(fleet, canary, (view) => atWeight(50, "bogota")(view) && atWeight(50, "montevideo")(view));
      const placement = { clusters: { matchLabels: { market: "co" } } };
      const moved = await declare(fleet, shop({ version: "moving", spec: { placement } }));
      return { canary: await ended(fleet, canary), moved: await ended(fleet, moved) };
    });
    const seen = account(tallies);
    console.log(told("withdrawn from one cluster", seen));
    const { canary, moved } = result;
    expect(canary, brief(canary)).toMatchObject({ phase: "superseded" });
    expect(moved.phase, brief(moved)).toBe("finished");
    expect(moved.parts).toContain("placement");
    expectNoneFailed(seen);
    expect(await workloadsOf(fleet, "montevideo", "shop")).toEqual([]);
    expect(await workloadsOf(fleet, "bogota", "shop")).toEqual([`shop-${moved.revision}`]);
    // Both are home again for the next story.
    const back = await ended(fleet, await declare(fleet, shop({ version: "moving" })));
    expect(back.phase, brief(back)).toBe("finished");
  });
}
