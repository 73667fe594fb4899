import { expect, test } from "vitest";
import { account, relapses, told } from "../../harness/account.ts";
import { served, type Client } from "../../harness/mesh-load.ts";
import { brief, deploy, ended, put, storyApp } from "../../harness/releases.ts";
import type { Story } from "./story.ts";
import { clusters, expectNoneFailed, under } from "../support/two-clusters.ts";

export function calleeComesLater(story: Story): void {
  test("a first deployment whose callee comes later", async () => {
    const { fleet } = story;
    const { warnings } = await put(fleet, storyApp({ name: "early", spec: { calls: [{ app: "late" }] } }));
    expect(warnings.map(({ code }) => code)).toContain("missing-callee");
    const alone = await ended(fleet, await deploy(fleet, "early"));
    expect(alone.phase, brief(alone)).toBe("finished");

    // Its calls are refused by its own sidecar until the callee's release opens them; from then on none fails.
    const callers = clusters.map((cluster): Client => ({ cluster, app: "early", url: "http://late.one/", rate: 105 }));
    const { result, tallies } = await under(fleet, callers, async () => {
      await fleet.apply(storyApp({ name: "late", replicas: 2 }));
      const view = await ended(fleet, await deploy(fleet, "late"));
      await served(fleet, callers);
      return view;
    });
    expect(result.phase, brief(result)).toBe("finished");
    console.log(told("the callee comes (refused by its own sidecar until it has)", account(tallies)));
    expect(relapses(tallies)).toEqual([]);
    expect(Object.keys(account(tallies).failures).every((what) => what.endsWith(": - 502"))).toBe(true);

    const after = await under(fleet, callers, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    });
    const seen = account(after.tallies);
    console.log(told("after it has come", seen));
    expectNoneFailed(seen);
  });
}
