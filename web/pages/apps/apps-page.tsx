import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { appList } from "../../api/queries.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { paths, type AppFilters } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { Empty, Failure } from "../../ui/states.tsx";
import { AppTable } from "./app-table.tsx";
import { FilterBar } from "./filter-bar.tsx";

/** All apps: filtered, sorted and paged by the server; the filters are the URL. */
export function AppsPage({ filters }: { filters: AppFilters }) {
  const { go } = useRouter();
  const search = useRef<HTMLInputElement>(null);
  const list = useInfiniteQuery(appList(filters));
  const { q, team, segment, cluster, sort } = filters;
  const filtered = [q, team, segment, cluster].some((value) => value !== undefined);
  const clear = () => go(paths.apps(sort === undefined ? {} : { sort }), { replace: true });
  useKeys({
    "/": (event) => {
      event.preventDefault();
      search.current?.select();
    },
    Escape: () => {
      if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body)
        document.activeElement.blur();
      else if (filtered) clear();
    },
  });
  const total = list.data?.pages[0]?.total;
  return (
    <section aria-labelledby="title" className="page">
      <div className="head">
        <h1 id="title">Apps</h1>
        <output className="dim">
          {total === undefined ? "" : `${total.toLocaleString("en")}${filtered ? " found" : ""}`}
        </output>
        <FilterBar filters={filters} search={search} clear={filtered ? clear : undefined} />
      </div>
      {list.error !== null && list.data === undefined ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : total === 0 ? (
        filtered ? (
          <Empty title="No app matches">
            Nothing has these words and filters.{" "}
            <button type="button" className="plain link" onClick={clear}>
              Clear the filters
            </button>
          </Empty>
        ) : (
          <Empty title="No apps yet" command="npx quipu apply -f app.yaml">
            Describe an app in ten lines and apply it; what it needs in each cluster follows from that.
          </Empty>
        )
      ) : (
        <AppTable list={list} filters={filters} />
      )}
    </section>
  );
}
