// The tests, by tier. `npm test` runs unit, e2e and web; `.ci/run` the slower ones too.
import { defineConfig } from "vitest/config";

const minute = 60_000;
/**
 * Tiers that start Envoys, browsers or whole fleets: one file after another, so that they don't starve each other. Their
 * timeouts only end what hangs: a machine that other work makes many times slower must not turn a right answer red.
 */
const heavy = { fileParallelism: false, testTimeout: 5 * minute, hookTimeout: 5 * minute };
const heavyTiers = ["e2e", "web", "kubectl", "releases", "kills", "sim"];

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [
      {
        test: {
          name: "unit",
          // Generous: a busy machine must not turn a right answer red. Speed is measured in bench/.
          testTimeout: 2 * minute,
          include: ["{src,setup,test,bench,examples,web}/**/*.spec.{ts,tsx}"],
          exclude: ["**/node_modules/**", ...heavyTiers.map((tier) => `test/${tier}/**`)],
        },
      },
      ...heavyTiers.map((name) => ({
        test: { name, include: [`test/${name}/**/*.spec.ts`], ...heavy },
      })),
    ],
  },
});
