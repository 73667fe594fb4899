import type { DriftedObject } from "../../src/model/drift.ts";
import { age, count } from "./format.ts";
import { Mark } from "./mark.tsx";
import { useServerNow } from "./server-clock.tsx";

/** What was changed by hand, object by object: which fields, by whom, and what became of it. */
export function DriftList({
  drift,
  drifting = 0,
}: {
  drift: readonly (DriftedObject & { cluster?: string })[];
  /** How many wait, of which there may be more than are told. */
  drifting?: number;
}) {
  const told = drift.filter(({ healedAt }) => healedAt === undefined).length;
  return (
    <ul className="failures drift">
      {drift.map((each) => (
        <DriftItem key={`${each.cluster ?? ""} ${each.object} ${each.at}`} of={each} />
      ))}
      {drifting > told ? (
        <li className="dim">{count(drifting - told, "more object waits", "more objects wait")}</li>
      ) : null}
    </ul>
  );
}

function DriftItem({ of: each }: { of: DriftedObject & { cluster?: string } }) {
  const { cluster, object, deleted, managers, at, times, healedAt, waits, fields, more } = each;
  const now = useServerNow();
  const said = [
    `${deleted === true ? "deleted" : "changed"}${managers.length > 0 ? ` by ${managers.join(", ")}` : ""}`,
    ...(times === undefined ? [] : [`${times} times`]),
    ...(waits === undefined || healedAt !== undefined ? [] : [waits]),
  ];
  return (
    <li>
      <p className="drift-head">
        <Mark health={healedAt === undefined ? "wait" : "good"} word={healedAt === undefined ? "waits" : "put right"} />
        <span className="name">{object}</span>
        {cluster === undefined ? null : <span className="dim">in {cluster}</span>}
        <time className="dim" dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
          {age(now - at)}
        </time>
      </p>
      <p className="dim">{said.join(" · ")}</p>
      {fields.length === 0 ? null : (
        <dl className="drift-fields">
          <div className="small dim" aria-hidden="true">
            <dt>field</dt>
            <dd>found → wanted</dd>
          </div>
          {fields.map(({ field, found, wanted }) => (
            <div key={field}>
              <dt>
                <code>{field}</code>
              </dt>
              <dd>
                <Value of={found} title="Found" /> <span className="dim">→</span> <Value of={wanted} title="Wanted" />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {more === undefined ? null : <p className="dim">and {count(more, "more field", "more fields")}</p>}
    </li>
  );
}

function Value({ of: value, title }: { of: string | undefined; title: string }) {
  return value === undefined ? (
    <span className="dim" title={title}>
      not there
    </span>
  ) : (
    <code title={title}>{value}</code>
  );
}
