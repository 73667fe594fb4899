import { expect, test } from "vitest";
import { stringify } from "yaml";
import { account, told } from "../../harness/account.ts";
import { served, type Client } from "../../harness/mesh-load.ts";
import { brief, deploy, ended, finished, put, spanOf, storyApp } from "../../harness/releases.ts";
import { expectNoneFailed, under } from "../support/two-clusters.ts";
import { routesOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

const names = Array.from({ length: 10 }, (_, index) => `wagon-${index}`);
const placement = { clusters: { matchLabels: { market: "co" } } };
const timeout = "2s";

export function train(story: Story): void {
  test("a default changed for ten apps of a segment goes as a train, stopped by its third release", async () => {
    const { fleet } = story;
    await fleet.apply("apiVersion: quipu.dev/v1\nkind: Segment\nmetadata: { name: rail }\nspec: {}");
    const slow = names[2]!;
    for (const name of names)
      await fleet.apply(
        storyApp({
          name,
          segment: "rail",
          spec: { placement, access: { callers: [{ app: "engine" }] } },
          // Longer than the third takes to fail: nobody who comes after those that go at once has begun by then.
          rollout: { steps: [{ weight: 50, hold: "8s" }] },
          env: { DELAY: name === slow ? "4000" : "8" },
        }),
      );
    await finished(fleet, ...(await Promise.all(names.map((name) => deploy(fleet, name)))));
    const calls = names.map((app) => ({ app }));
    await fleet.apply(storyApp({ name: "engine", spec: { placement, calls } }));
    await finished(fleet, await deploy(fleet, "engine"));
    const clients = names.map((name): Client => ({
      cluster: "bogota",
      app: "engine",
      url: `http://${name}.rail/`,
      rate: 21,
    }));
    await served(fleet, clients);

    const { result, tallies } = await under(fleet, clients, async () => {
      const { releases } = await put(
        fleet,
        stringify({
          apiVersion: "quipu.dev/v1",
          kind: "Segment",
          metadata: { name: "rail" },
          spec: { defaults: { traffic: { timeout } } },
        }),
      );
      return Promise.all(
        releases
          .filter((name) => name.startsWith("wagon-"))
          .map((name) => {
            const [app, number] = name.split(/-r(?=\d+$)/) as [string, string];
            return ended(fleet, { app, number: Number(number) });
          }),
      );
    });
    const phases = Object.fromEntries(result.map((view) => [view.app, view.phase]));
    const failed = result.find(({ app }) => app === slow)!;
    const during = { ...spanOf(failed, (step) => step.do === "traffic"), client: new RegExp(`${slow}\\.rail`) };
    const seen = account(tallies, { during });
    console.log(told("a train", seen), phases, seen.failures);
    expect(result.map(({ app }) => app).toSorted()).toEqual(names);
    expect(phases[names[0]!]).toBe("finished");
    expect(failed, brief(failed)).toMatchObject({ phase: "failed", code: "unhealthy", parts: ["traffic"] });
    const stopped = names.filter((name) => phases[name] === "stopped");
    expect(stopped).toContain(names[9]);
    expect(names.filter((name) => !["finished", "stopped"].includes(phases[name]!))).toEqual([slow]);
    for (const name of names)
      expect((await routesOf(fleet, "bogota", name, "rail")).includes(`"timeout":"2s"`), name).toBe(
        phases[name] === "finished",
      );
    expectNoneFailed(seen);
  });
}
