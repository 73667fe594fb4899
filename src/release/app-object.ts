import { Problem } from "../model/problem.ts";
import type { ReadTx, StoredObject } from "../store/store.ts";

/** A declared App. `at`: what of the request named it, and what else would have done. Throws Problem `not-found`. */
export async function appObject(
  tx: ReadTx,
  name: string,
  at: { field?: string; accepted?: string } = {},
): Promise<StoredObject> {
  const object = await tx.get("App", name);
  if (object !== undefined) return object;
  throw new Problem("not-found", `There is no App ${name}.`, {
    found: name,
    accepted: "an App that was applied",
    subject: `App/${name}`,
    ...at,
  });
}
