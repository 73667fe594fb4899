import { memo } from "react";
import type { Operations } from "../../generated/api.ts";
import type { AppView } from "../../api/views.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { nothing, number, percent } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { appHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Bone } from "../../ui/states.tsx";
import type { Column } from "./sort-header.tsx";

export const columns: readonly Column[] = [
  { title: "App", width: "21%", sort: "name" },
  { title: "Health", width: "12%" },
  { title: "Team", width: "11%", sort: "team" },
  { title: "Segment", width: "11%", sort: "segment" },
  { title: "Rate", unit: "/s", width: "7%", numeric: true },
  { title: "Errors", unit: "%", width: "7%", numeric: true },
  { title: "p99", unit: "ms", width: "7%", numeric: true },
  { title: "Pods ready", width: "9%", numeric: true },
  { title: "Clusters", width: "7%", numeric: true },
  { title: "Revision", width: "8%", numeric: true },
];

type Figures = Operations["figures"]["answer"]["apps"][string];
/** Share of errors from which an app counts as failing, in percent. */
const failingFrom = 1;

interface AppRowProps {
  /** Undefined: on its way. */
  app: AppView | undefined;
  /** Undefined: not heard of. */
  figures: Figures | undefined;
  index: number;
  selected: boolean;
  readonly onSelect: (index: number) => void;
}

export const AppRow = memo(function AppRow({ app, figures, index, selected, onSelect }: AppRowProps) {
  if (app === undefined) {
    return (
      <tr aria-rowindex={index + 2}>
        {columns.map(({ title, numeric }) => (
          <td key={title} className={numeric === true ? "num" : undefined}>
            <Bone width={numeric === true ? "2em" : title === "App" ? "9em" : "5em"} />
          </td>
        ))}
      </tr>
    );
  }
  const { metadata, spec, status } = app;
  const { health, word } = appHealth(status);
  const failing = (figures?.errors ?? 0) >= failingFrom;
  return (
    <tr
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={selected ? "selected" : undefined}
      onMouseDown={() => onSelect(index)}
    >
      <td>
        <Link to={paths.app(metadata.name)} className="name">
          {metadata.name}
        </Link>
      </td>
      <td title={status.conditions[0]?.message}>
        <Mark health={health} word={word} />
      </td>
      <td>{spec.team}</td>
      <td>{spec.segment}</td>
      <td className="num">
        <Glow value={number(figures?.rate)} />
      </td>
      <td className={failing ? "num failing" : "num"}>
        {failing ? <Mark health="bad" /> : null} {percent(figures?.errors)}
      </td>
      <td className="num">{number(figures?.p99)}</td>
      <td className="num">
        {status.pods.total === 0 ? (
          <span className="dim">{nothing}</span>
        ) : (
          <Glow value={`${status.pods.ready}/${status.pods.total}`}>
            {status.pods.ready}
            <span className="dim"> / {status.pods.total}</span>
          </Glow>
        )}
      </td>
      <td className="num">
        {status.clusters.length === 0 ? <span className="dim">{nothing}</span> : status.clusters.length}
      </td>
      <td className="num">
        <Glow value={status.revision}>{status.revision ?? <span className="dim">{nothing}</span>}</Glow>
      </td>
    </tr>
  );
});
