import { expect, test } from "vitest";
import { account, told } from "../../harness/account.ts";
import { served, type Client } from "../../harness/mesh-load.ts";
import {
  brief,
  declare,
  deploy,
  ended,
  finished,
  storyApp,
  until,
  view,
  type StoryApp,
} from "../../harness/releases.ts";
import { clusters, expectNoneFailed, under } from "../support/two-clusters.ts";
import { routesOf } from "../support/objects.ts";
import type { Story } from "./story.ts";

const app = (name: string, calls: string, more: Partial<StoryApp> = {}): StoryApp => ({
  name,
  replicas: 1,
  ...more,
  spec: { calls: [{ app: calls }], ...more.spec },
});

export function eachOther(story: Story): void {
  test("two releases of two apps that call each other: neither leaks the other's change", async () => {
    const { fleet } = story;
    for (const one of [app("ping", "pong"), app("pong", "ping")]) await fleet.apply(storyApp(one));
    await finished(fleet, ...(await Promise.all([deploy(fleet, "ping"), deploy(fleet, "pong")])));
    // Both of them go during the story: who asks is a third.
    await fleet.apply(storyApp({ name: "both", spec: { calls: [{ app: "ping" }, { app: "pong" }] } }));
    await finished(fleet, await deploy(fleet, "both"));
    const then = (first: string, second: string) =>
      `http://${first}.one/then?url=${encodeURIComponent(`http://${second}.one/`)}`;
    const callers = clusters.flatMap((cluster): Client[] => [
      { cluster, app: "both", url: then("ping", "pong"), rate: 53 },
      { cluster, app: "both", url: then("pong", "ping"), rate: 53 },
    ]);
    await served(fleet, callers);
    const routes = async (name: string) =>
      (await Promise.all(clusters.map((cluster) => routesOf(fleet, cluster, name)))).join("\n");

    const { tallies } = await under(fleet, callers, async () => {
      // ping's stands still at 10 %, with a timeout that comes only after everything has shifted.
      const ping = await declare(
        fleet,
        app("ping", "pong", {
          version: "ping-2",
          rollout: { steps: [{ weight: 10, hold: "1s" }, { pause: {} }] },
          spec: { traffic: { timeout: "4s" } },
        }),
      );
      const isPaused = ({ waves }: Awaited<ReturnType<typeof view>>) =>
        waves
          .flatMap((wave) => wave.clusters)
          .every(({ steps }) => steps.some((step) => step.do === "pause" && step.heldAt !== undefined));
      await until(fleet, ping, isPaused);
      const before = await routes("ping");
      const pong = await ended(
        fleet,
        await declare(fleet, app("pong", "ping", { version: "pong-2", spec: { traffic: { timeout: "5s" } } })),
      );
      expect(pong.phase, brief(pong)).toBe("finished");
      expect(await routes("ping")).toBe(before);
      expect(before).not.toContain('"timeout":"4s"');
      const paused = await view(fleet, ping);
      expect(isPaused(paused) && paused.endedAt === undefined, brief(paused)).toBe(true);

      const done = await routes("pong");
      expect(done).toContain('"timeout":"5s"');
      await fleet.client.call("POST", `/api/v1/apps/ping/releases/${ping.number}/abort`);
      const aborted = await ended(fleet, ping);
      expect(aborted, brief(aborted)).toMatchObject({ phase: "failed", code: "aborted" });
      expect(await routes("pong")).toBe(done);
      expect(await routes("ping")).not.toContain('"timeout":"4s"');
    });
    const seen = account(tallies);
    console.log(told("two apps that call each other", seen));
    expectNoneFailed(seen);
  });
}
