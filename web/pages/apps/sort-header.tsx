import { paths, type AppFilters, type AppSort } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";

export interface Column {
  title: string;
  width: string;
  /** By which the server can sort. */
  sort?: "name" | "team" | "segment";
  numeric?: boolean;
  unit?: string;
}

export function SortHeader({
  column: { title, sort, numeric, unit },
  filters,
}: {
  column: Column;
  filters: AppFilters;
}) {
  const current = filters.sort ?? "name";
  const direction =
    sort === undefined ? undefined : current === sort ? "ascending" : current === `-${sort}` ? "descending" : "none";
  const next: AppSort | undefined = sort === undefined ? undefined : current === sort ? `-${sort}` : sort;
  return (
    <th scope="col" className={numeric === true ? "num" : undefined} aria-sort={direction}>
      {next === undefined ? (
        <>
          {title} {unit === undefined ? null : <span className="unit">{unit}</span>}
        </>
      ) : (
        <Link to={paths.apps(next === "name" ? { ...filters, sort: undefined } : { ...filters, sort: next })}>
          {title}
          <span className="arrow" aria-hidden="true">
            {direction === "ascending" ? "↑" : direction === "descending" ? "↓" : ""}
          </span>
        </Link>
      )}
    </th>
  );
}
