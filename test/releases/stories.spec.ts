import { afterAll, beforeAll } from "vitest";
import { calleeComesLater } from "./stories/callee-comes-later.ts";
import { canaryInBoth } from "./stories/canary-in-both.ts";
import { consent } from "./stories/consent.ts";
import { eachOther } from "./stories/each-other.ts";
import type { Story } from "./stories/story.ts";
import { superseded } from "./stories/superseded.ts";
import { trafficAborted } from "./stories/traffic-aborted.ts";
import { train } from "./stories/train.ts";
import { withdrawnFromOne } from "./stories/withdrawn-from-one.ts";
import { openShop } from "./support/two-clusters.ts";

/** Eight stories of releases, on one fleet of two clusters with real Envoys; each leaves it as the next can use it. */
const story = {} as Story;
beforeAll(async () => {
  story.fleet = await openShop();
});
afterAll(() => story.fleet?.stop());

canaryInBoth(story);
trafficAborted(story);
superseded(story);
withdrawnFromOne(story);
calleeComesLater(story);
consent(story);
eachOther(story);
train(story);
