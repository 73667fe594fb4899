import { expect, test } from "vitest";
import { account, told, withinWeight } from "../../harness/account.ts";
import { brief, mostWeight, quick } from "../../harness/releases.ts";
import { clients, clusters, declared, expectNoneFailed, shop, under } from "../support/two-clusters.ts";
import { workloadsOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

export function canaryInBoth(story: Story): void {
  test("a canary at home in both clusters, called in both and through the ingress, fails at 25 %", async () => {
    const { fleet } = story;
    const before = await workloadsOf(fleet, "bogota", "shop");
    // It carries what 5 % bring, and not what 25 % bring.
    const weak = shop({
      version: "weak",
      behaviour: "weak",
      env: { LIMIT: "13" },
      rollout: {
        analysis: quick.analysis,
        steps: [
          { weight: 5, hold: "2s" },
          { weight: 25, hold: "4s" },
          { weight: 50, hold: "2s" },
        ],
      },
    });
    const { result, tallies } = await under(fleet, clients, () => declared(fleet, weak));
    const seen = account(tallies, { versions: ["weak"] });
    console.log(told("a canary that fails at 25 %", seen));
    const { view } = result;
    expect(view, brief(view)).toMatchObject({ phase: "failed", code: "unhealthy" });
    expect(mostWeight(view)).toBe(25);
    expectNoneFailed(seen);
    expect(seen.bad.answers).toBeGreaterThan(0);
    expect(withinWeight(seen.bad, 25)).toBe(true);
    for (const cluster of clusters) expect(await workloadsOf(fleet, cluster, "shop")).toEqual(before);
  });
}
