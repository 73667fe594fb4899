import { memo } from "react";
import type { AppView } from "../../api/views.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { nothing } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { appHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Bone } from "../../ui/states.tsx";
import type { Column } from "./sort-header.tsx";

export const columns: readonly Column[] = [
  { title: "App", width: "24%", sort: "name" },
  { title: "Health", width: "15%" },
  { title: "Team", width: "15%", sort: "team" },
  { title: "Segment", width: "15%", sort: "segment" },
  { title: "Revision", width: "10%" },
  { title: "Clusters", width: "10%", numeric: true },
  { title: "Pods ready", width: "11%", numeric: true },
];

interface AppRowProps {
  /** Undefined: on its way. */
  app: AppView | undefined;
  index: number;
  selected: boolean;
  readonly onSelect: (index: number) => void;
}

export const AppRow = memo(function AppRow({ app, index, selected, onSelect }: AppRowProps) {
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
      <td>
        <Glow value={status.revision}>{status.revision ?? nothing}</Glow>
      </td>
      <td className="num">
        {status.clusters.length === 0 ? <span className="dim">{nothing}</span> : status.clusters.length}
      </td>
      <td className="num">
        <Glow value={`${status.pods.ready}/${status.pods.total}`}>
          {status.pods.total === 0 ? <span className="dim">{nothing}</span> : status.pods.ready}
          {status.pods.total === 0 ? null : <span className="dim"> / {status.pods.total}</span>}
        </Glow>
      </td>
    </tr>
  );
});
