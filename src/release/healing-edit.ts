import { canonicalJson } from "../model/canonical.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Document } from "../model/kinds.ts";
import { Problem } from "../model/problem.ts";
import type { StoredObject, WriteTx } from "../store/store.ts";

/** Nothing of any app is made from a Cluster's `healing`: whoever pauses it at night sets off no release. */
export function onlyHealing(before: StoredObject | undefined, { kind, spec, metadata }: Document): boolean {
  if (before === undefined || kind !== "Cluster") return false;
  const { healing: _, ...now } = spec;
  const { healing: __, ...then } = before.body.spec as Cluster["spec"];
  const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);
  return same(now, then) && same(metadata.labels, before.body.metadata.labels);
}

/** Whoever mistypes an app's name learns it before what is edited by hand is put right. */
export async function idlePauses(tx: Pick<WriteTx, "get" | "now">, { metadata, spec }: Cluster): Promise<Problem[]> {
  const problems: Problem[] = [];
  const idle = (text: string, field: string, found: string, accepted: string): void =>
    void problems.push(
      new Problem("pause-without-effect", text, { field, found, accepted, subject: `Cluster/${metadata.name}` }),
    );
  for (const [at, { until, apps = [] }] of (spec.healing?.paused ?? []).entries()) {
    const field = `spec.healing.paused[${at}]`;
    if (Date.parse(until) <= tx.now) idle(`The pause ended at ${until}.`, `${field}.until`, until, "a time to come");
    for (const [index, app] of apps.entries())
      if ((await tx.get("App", app)) === undefined)
        idle(`There is no App ${app}.`, `${field}.apps[${index}]`, app, "the name of an App");
  }
  return problems;
}
