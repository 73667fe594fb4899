import { expect, test } from "vitest";
import { account, relapses, told } from "../../harness/account.ts";
import { MeshLoad, served, type Client } from "../../harness/mesh-load.ts";
import { brief, declare, deploy, ended, finished, storyApp, type StoryApp } from "../../harness/releases.ts";
import { clusters, expectNoneFailed, under } from "../support/two-clusters.ts";
import type { Story } from "./story.ts";

const vault = (consents: boolean): StoryApp => ({
  name: "vault",
  replicas: 1,
  spec: consents ? { access: { callers: [{ app: "eve" }] } } : {},
});

export function consent(story: Story): void {
  test("a call across segments: consent comes late and is withdrawn, under load", async () => {
    const { fleet } = story;
    const local = clusters.map((cluster): Client => ({ cluster, app: "ada", url: "http://vault.one/", rate: 80 }));
    const across = clusters.map((cluster): Client => ({ cluster, app: "eve", url: "http://vault.one/", rate: 30 }));
    await fleet.apply(storyApp(vault(false)));
    await fleet.apply(storyApp({ name: "ada", spec: { calls: [{ app: "vault" }] } }));
    await fleet.apply(storyApp({ name: "eve", segment: "two", spec: { calls: [{ app: "vault" }] } }));
    await finished(
      fleet,
      await deploy(fleet, "vault"),
      ...(await Promise.all([deploy(fleet, "ada"), deploy(fleet, "eve")])),
    );
    await served(fleet, local);

    const { tallies } = await under(fleet, local, async () => {
      const coming = await MeshLoad.start(fleet, across);
      const opened = await ended(fleet, await declare(fleet, vault(true)));
      expect(opened, brief(opened)).toMatchObject({ phase: "finished", parts: ["edges"] });
      await served(fleet, across);
      const before = await coming.stop();
      console.log(told("consent comes late (refused by its own sidecar until then)", account(before)));
      expect(relapses(before)).toEqual([]);
      expect(kindsOf(before)).toEqual(["- 502", "v1 200"]);

      const going = await MeshLoad.start(fleet, across);
      const closed = await ended(fleet, await declare(fleet, vault(false)));
      expect(closed, brief(closed)).toMatchObject({ phase: "finished", parts: ["edges"] });
      const after = await going.stop();
      console.log(told("consent is withdrawn (refused by its own sidecar from then on)", account(after)));
      // Refused by its own sidecar, where it is no longer in scope, before the callee's would.
      expect(kindsOf(after)).toEqual(["- 502", "v1 200"]);
    });
    const seen = account(tallies);
    console.log(told("meanwhile, callers of its own segment", seen));
    expect(seen.failures).toEqual({});
    expectNoneFailed({ ...seen, perSecond: seen.perSecond + 60 });
  });
}

function kindsOf(tallies: Awaited<ReturnType<MeshLoad["stop"]>>): string[] {
  return [...new Set(tallies.flatMap(({ counts }) => Object.keys(counts)))].toSorted();
}
