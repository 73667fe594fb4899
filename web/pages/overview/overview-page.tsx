import { useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { fleetReleases } from "../../api/release-queries.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { fleetStates, paths, type FleetFilters, type FleetState } from "../../router/paths.ts";
import { Link, useRouter } from "../../router/router.tsx";
import { Glow } from "../../ui/glow.tsx";
import { ClockSkew } from "../../ui/server-clock.tsx";
import { Empty, Failure } from "../../ui/states.tsx";
import { FleetFilterBar } from "./fleet-filter-bar.tsx";
import { FleetTable } from "./fleet-table.tsx";

const titles: Record<FleetState, string> = {
  running: "Under way",
  person: "Wait for a person",
  failed: "Taken back, last 24 h",
};

/** What happens in the fleet now: releases under way, what waits for somebody, what failed lately. */
export function OverviewPage({ filters }: { filters: FleetFilters }) {
  const { go } = useRouter();
  const search = useRef<HTMLInputElement>(null);
  const list = useInfiniteQuery(fleetReleases(filters));
  const { state = "running", ...narrowing } = filters;
  const filtered = Object.values(narrowing).some((value) => value !== undefined);
  const clear = () => go(paths.overview(state === "running" ? {} : { state }), { replace: true });
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
  const first = list.data?.pages[0];
  return (
    <section aria-labelledby="title" className="page">
      <div className="head">
        <h1 id="title">Releases</h1>
        <nav className="tabs" aria-label="Which releases">
          {fleetStates.map((each) => (
            <Link
              key={each}
              to={paths.overview({ ...narrowing, ...(each !== "running" && { state: each }) })}
              aria-current={each === state ? "page" : undefined}
            >
              {titles[each]} <Glow value={first?.counts[each]}>{first?.counts[each] ?? "–"}</Glow>
            </Link>
          ))}
        </nav>
        <FleetFilterBar filters={filters} search={search} clear={filtered ? clear : undefined} />
      </div>
      {list.error !== null && list.data === undefined ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : first?.total === 0 ? (
        <Nothing state={state} clear={filtered ? clear : undefined} />
      ) : (
        <ClockSkew value={first === undefined ? 0 : first.at - list.dataUpdatedAt}>
          <FleetTable list={list} state={state} />
        </ClockSkew>
      )}
    </section>
  );
}

function Nothing({ state, clear }: { state: FleetState; clear: (() => void) | undefined }) {
  if (clear !== undefined)
    return (
      <Empty title="No release matches">
        Nothing has these words and filters.{" "}
        <button type="button" className="plain link" onClick={clear}>
          Clear the filters
        </button>
      </Empty>
    );
  if (state === "person")
    return (
      <Empty title="Nothing waits for a person" command="npx quipu pause APP --why REASON">
        A release waits for somebody when it is paused, or at a step that asks to be promoted.
      </Empty>
    );
  if (state === "failed")
    return <Empty title="Nothing was taken back">Every release of the last 24 hours that has ended went well.</Empty>;
  return (
    <Empty title="No release is under way" command="npx quipu deploy APP --from DIR">
      Deploy an app, or apply a change: it goes through the fleet step by step, and is followed here.
    </Empty>
  );
}
