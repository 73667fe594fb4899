// The tests, by tier. `npm test` runs unit, e2e and web; `.ci/run` the slower ones too.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const minute = 60_000;
const cores = availableParallelism();
/** How long a poll waits for what must come: only ends what hangs. Vitest's own second is over on a busy machine. */
const expect = { poll: { timeout: minute } };
/**
 * Tiers that start Envoys, browsers or whole fleets, by how many files run at a time: few, so that they don't starve each
 * other; one where requests are sent at a rate. Their timeouts only end what hangs: a machine that other work makes many
 * times slower must not turn a right answer red.
 */
const heavyTiers = { e2e: 3, web: 3, kubectl: 1, releases: 1, kills: 1, sim: 2, postgres: 2, kubernetes: 4 };

export default defineConfig({
  test: {
    passWithNoTests: true,
    // The processes that tests start share what one of them has compiled: half of the time that each takes to start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
    projects: [
      {
        test: {
          name: "unit",
          // Vitest itself would leave one core to itself, which with two of them is half.
          maxWorkers: cores,
          // First: they use all cores, and say in a minute or two what the others would take long to.
          sequence: { groupOrder: 0 },
          // Generous: a busy machine must not turn a right answer red. Speed is measured in bench/.
          testTimeout: 2 * minute,
          expect,
          include: ["{src,setup,test,bench,examples,web}/**/*.spec.{ts,tsx}"],
          exclude: ["**/node_modules/**", ...Object.keys(heavyTiers).map((tier) => `test/${tier}/**`)],
        },
      },
      ...Object.entries(heavyTiers).map(([name, maxWorkers]) => ({
        test: {
          name,
          include: [`test/${name}/**/*.spec.ts`],
          ...(name === "kubernetes" && { globalSetup: ["test/kubernetes/support/shared-testbed.ts"] }),
          maxWorkers,
          sequence: { groupOrder: maxWorkers },
          testTimeout: 5 * minute,
          expect,
          hookTimeout: 5 * minute,
        },
      })),
    ],
  },
});
