import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { nothing, number, percent } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone } from "../../ui/states.tsx";
import { stageInWords, type EdgeRow } from "./edges.ts";
import { ruleInWords } from "./rules.ts";

/** Share of errors from which a call counts as failing, in percent. */
const failingFrom = 1;

/** Callers, or callees. `rows` undefined: on their way. */
export function EdgeTable({
  title,
  rows,
  empty,
}: {
  title: string;
  rows: readonly EdgeRow[] | undefined;
  empty: string;
}) {
  return (
    <Panel title={title} aside={rows === undefined ? undefined : rows.length.toLocaleString("en")}>
      {rows?.length === 0 ? (
        <p className="pad dim">{empty}</p>
      ) : (
        <table className="table dense">
          <colgroup>
            <col />
            {[68, 74, 64, 64, 82].map((width, index) => (
              <col key={index} style={{ width }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              <th scope="col">App</th>
              <Head title="Rate" unit="/s" />
              <Head title="Errors" unit="%" />
              <Head title="p50" unit="ms" />
              <Head title="p99" unit="ms" />
              <Head
                title="Cut off"
                unit="/s"
                hint="Given up after the timeout (504), or refused because a pool was full (503), per second"
              />
            </tr>
          </thead>
          <tbody>
            {rows === undefined
              ? [0, 1, 2].map((index) => <BoneRow key={index} />)
              : rows.map((row) => <Row key={row.app} row={row} />)}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Row({ row: { app, kind, segment, stage, rules, figures } }: { row: EdgeRow }) {
  const waits = stageInWords(stage);
  const failing = (figures?.errors ?? 0) >= failingFrom;
  const only = rules.filter((rule) => rule.methods !== undefined || rule.paths !== undefined).map(ruleInWords);
  return (
    <tr>
      <td title={only.join("; ")}>
        {kind === "app" ? (
          <Link to={paths.app(app)} className="name">
            {app}
          </Link>
        ) : (
          <span className="name">{kind === "gateway" ? "Ingress gateway" : app}</span>
        )}
        <span className="small dim after">
          {waits === undefined ? (
            only.length > 0 ? (
              only.join("; ")
            ) : kind === "outside" ? (
              "outside"
            ) : (
              (segment ?? "")
            )
          ) : (
            <Mark health="wait" word={waits} />
          )}
        </span>
      </td>
      <td className="num">
        <Glow value={number(figures?.rate)} />
      </td>
      <td className={failing ? "num failing" : "num"}>
        {failing ? <Mark health="bad" /> : null} {figures === null ? nothing : percent(figures.errors)}
      </td>
      <td className="num">{number(figures?.p50)}</td>
      <td className="num">{number(figures?.p99)}</td>
      <td className="num">{figures === null ? nothing : number(figures.timeouts + figures.overflows)}</td>
    </tr>
  );
}

function Head({ title, unit, hint }: { title: string; unit: string; hint?: string }) {
  return (
    <th scope="col" className="num" title={hint}>
      {title} <span className="unit">{unit}</span>
    </th>
  );
}

function BoneRow() {
  return (
    <tr>
      <td>
        <Bone width="8em" />
      </td>
      {[0, 1, 2, 3, 4].map((index) => (
        <td key={index} className="num">
          <Bone width="2em" />
        </td>
      ))}
    </tr>
  );
}
