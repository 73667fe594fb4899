/** For specs: answers of a real istiod (1.32), cut to what is read of them. */
import { readFileSync } from "node:fs";

export function recorded(name: string): string {
  return readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8");
}
