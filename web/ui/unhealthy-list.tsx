import type { UnhealthyObject } from "../../src/model/unhealthy.ts";
import { age, count } from "./format.ts";
import { Mark } from "./mark.tsx";
import { useServerNow } from "./server-clock.tsx";

/** Objects that aren't well by their own status, and what it says. */
export function UnhealthyList({
  objects,
  all = objects.length,
}: {
  objects: readonly (UnhealthyObject & { cluster?: string })[];
  /** How many there are, of which there may be more than are told. */
  all?: number;
}) {
  const now = useServerNow();
  return (
    <ul className="failures">
      {objects.map(({ cluster, object, problem, at }) => (
        <li key={`${cluster ?? ""} ${object}`}>
          <Mark health="bad" word={cluster === undefined ? object : `${cluster}: ${object}`} />
          <p className="dim">
            {problem} · for {age(Math.max(0, now - at))}
          </p>
        </li>
      ))}
      {all > objects.length ? <li className="dim">and {count(all - objects.length, "more", "more")}</li> : null}
    </ul>
  );
}
