// @ts-check
// The steps of set-up, and the doing of those that are missing or outdated.
import { chromium } from "./steps/chromium.mjs";
import { envoyTypes } from "./steps/envoy-types.mjs";
import { envoy } from "./steps/envoy.mjs";
import { packages } from "./steps/packages.mjs";
import { webBuild } from "./steps/web.mjs";

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {() => boolean} isDone asked each time that set-up runs, so it must be quick
 * @property {() => Promise<void>} run
 */

/** What running Quipu needs: stages one after another, the steps of a stage at the same time. */
export const forRunning = [
  [packages, envoy],
  [envoyTypes, webBuild],
];

/** What its tests need. */
export const forTests = [
  [packages, envoy],
  [envoyTypes, webBuild, chromium],
];

/** @param {Step[][]} stages */
export function allDone(stages) {
  return stages.flat().every((step) => step.isDone()); // stops at the first: later steps may need earlier ones to answer
}

/**
 * @param {Step[][]} stages
 * @param {(step: Step) => Promise<void>} perform runs one and shows it
 * @throws the first failure of a stage, once its other steps have ended
 */
export async function runSteps(stages, perform) {
  for (const stage of stages) {
    const results = await Promise.allSettled(stage.filter((step) => !step.isDone()).map(perform));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }
}
