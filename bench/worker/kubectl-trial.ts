import { join } from "node:path";
import type { KubeObject } from "../../src/objects/meta.ts";
import { kubectlApply, writeFiles, type Ran } from "./kubectl.ts";
import { openPlace } from "./place.ts";

export interface KubectlSpan extends Ran {
  requests: number;
  apiserverMs: number;
}
export interface KubectlFigures {
  create: KubectlSpan;
  /** The same files again, of which nothing has changed. */
  again: KubectlSpan;
  /** The files after the policy changed: only those objects that it changed, and all of them. */
  changed: KubectlSpan;
  all: KubectlSpan;
}

/** `editions`: what the cluster holds at every edition of the policy, one after another. */
export async function kubectlTrial(
  apps: number,
  editions: readonly [KubeObject[], KubeObject[], KubeObject[]],
  say: (text: string) => void,
): Promise<KubectlFigures> {
  const place = await openPlace("bench-kubectl");
  const apply = async (what: string, objects: readonly KubeObject[]): Promise<KubectlSpan> => {
    say(`${apps} apps: kubectl, ${what}`);
    const folder = join(place.folder, what.replaceAll(" ", "-"));
    writeFiles(folder, objects);
    const from = await place.meter();
    const ran = await kubectlApply(place, folder);
    const to = await place.meter();
    return { ...ran, requests: to.requests - from.requests, apiserverMs: to.apiserverMs - from.apiserverMs };
  };
  try {
    const [first, second, third] = editions;
    const known = new Set(first.map((object) => JSON.stringify(object)));
    return {
      create: await apply("everything", first),
      again: await apply("the same again", first),
      changed: await apply(
        "what the policy changed",
        second.filter((object) => !known.has(JSON.stringify(object))),
      ),
      all: await apply("everything after the policy changed", third),
    };
  } finally {
    await place.stop();
  }
}
