import type { Operations } from "../../generated/api.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { number, percent } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone } from "../../ui/states.tsx";

type Rows = Operations["clusterSignals"]["answer"]["apps"];

/** Apps of a cluster by what arrives at them, the busiest first. */
export function AppFiguresTable({ rows }: { rows: Rows | undefined }) {
  const sorted = rows?.toSorted((a, b) => b.rate - a.rate || (a.app < b.app ? -1 : 1));
  return (
    <Panel title="What arrives, by app" aside={rows?.length}>
      <table className="table dense">
        <colgroup>
          <col />
          {[76, 76, 76, 76, 90].map((width, index) => (
            <col key={index} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            <th scope="col">App</th>
            {[
              ["Rate", "/s"],
              ["Errors", "%"],
              ["p50", "ms"],
              ["p99", "ms"],
              ["Connections", ""],
            ].map(([title, unit]) => (
              <th scope="col" key={title} className="num">
                {title} <span className="unit">{unit}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted === undefined ? (
            <tr>
              <td colSpan={6}>
                <Bone width="60%" />
              </td>
            </tr>
          ) : sorted.length === 0 ? (
            <tr>
              <td colSpan={6} className="dim">
                No proxy has been heard yet
              </td>
            </tr>
          ) : (
            sorted.map(({ app, rate, errors, p50, p99, connections }) => (
              <tr key={app}>
                <td>
                  <Link to={paths.app(app)} className="name">
                    {app}
                  </Link>
                </td>
                <td className="num">
                  <Glow value={number(rate)} />
                </td>
                <td className="num">{percent(errors)}</td>
                <td className="num">{number(p50)}</td>
                <td className="num">{number(p99)}</td>
                <td className="num">{Math.round(connections).toLocaleString("en")}</td>
              </tr>
            ))
          )}
        </tbody>
      </table>
    </Panel>
  );
}
