import type { App } from "../model/app.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx } from "../store/store.ts";
import { remember, type Remembered } from "./journal-state.ts";

export const undoable = ["workload", "traffic", "edges"] as const;
export type Undoable = (typeof undoable)[number];

/** What an undo goes back to. */
export interface UndoTarget {
  /** The release whose parts come back, and the one that is undone. */
  to: number;
  undone: Remembered & { number: number };
  app: App;
  image: string;
}

/**
 * The App as it is declared now, with the named parts of an earlier release that finished everywhere. `to` absent: the
 * last one before the one in force. Throws Problem.
 */
export async function undoTarget(
  tx: ReadTx,
  declared: App,
  only: readonly Undoable[],
  to?: number,
): Promise<UndoTarget> {
  const { name } = declared.metadata;
  const subject = `App/${name}`;
  const finished: (Remembered & { number: number })[] = [];
  // Far enough back for people, near enough for a busy app.
  const newest = await tx.lastRelease(name);
  for (
    let number = newest;
    number > 0 && number > newest - 200 && finished.length < (to === undefined ? 2 : 200);
    number--
  ) {
    const known = remember(await tx.journal(name, number));
    if (known?.ended?.outcome === "finished" && known.accepted.app !== null) finished.push({ ...known, number });
  }
  const [current, before] = finished;
  const target = to === undefined ? before : finished.find(({ number }) => number === to);
  if (current === undefined || target === undefined)
    throw new Problem(
      "nothing-to-undo",
      to === undefined
        ? `${name} has no finished release before the one in force.`
        : `Release ${to} of ${name} isn't one that finished everywhere, or is too long ago.`,
      { field: "to", found: to, accepted: finished.map(({ number }) => number).join(", ") || "nothing yet", subject },
    );
  const from = target.accepted.app!.spec;
  const image = only.includes("workload") ? target.accepted.image! : current.accepted.image!;
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  if (image.startsWith("quipu.local/") && digest !== undefined && (await tx.artifact(digest)) === undefined)
    throw new Problem("nothing-to-undo", `What release ${target.number} of ${name} ran was pruned.`, {
      field: "to",
      found: target.number,
      accepted: "a release whose artifact is kept; or deploy the folder again",
      subject,
    });
  return { to: target.number, undone: current, image, app: { ...declared, spec: composed(declared.spec, from, only) } };
}

/** Field by field: replicas belong to today's scale, what protects each call to traffic. */
function composed(now: App["spec"], then: App["spec"], only: readonly Undoable[]): App["spec"] {
  const spec = { ...now };
  const take = (field: keyof App["spec"]) => {
    delete spec[field];
    if (then[field] !== undefined) Object.assign(spec, { [field]: then[field] });
  };
  if (only.includes("workload")) {
    take("workload");
    const replicas = now.workload?.replicas;
    if (spec.workload !== undefined) {
      const { replicas: _, ...rest } = spec.workload;
      spec.workload = { ...rest, ...(replicas !== undefined && { replicas }) };
    }
  }
  if (only.includes("traffic")) take("traffic");
  if (only.includes("edges")) {
    take("calls");
    take("access");
    take("expose");
  }
  return spec;
}
