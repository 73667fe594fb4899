import { useQuery } from "@tanstack/react-query";
import { isMissing } from "../../api/call.ts";
import { release } from "../../api/release-queries.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { paths, type ReleaseFocus } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { ClockSkew } from "../../ui/server-clock.tsx";
import { Empty, Failure } from "../../ui/states.tsx";
import { ClusterPanel } from "./cluster-panel.tsx";
import { CommandBar } from "./command-bar.tsx";
import { EventsPanel } from "./events-panel.tsx";
import { Quipu } from "./quipu.tsx";
import { ReleaseHead } from "./release-head.tsx";
import { WaitsPanel } from "./waits-panel.tsx";

/** One release, live: how far it has come in each cluster, what it waits for, and what can be said to it. */
export function ReleasePage({ app, number, focus }: { app: string; number: number; focus: ReleaseFocus }) {
  const { go } = useRouter();
  const query = useQuery(release(app, number));
  const { data: view, error } = query;
  useKeys({ Escape: () => go(paths.app(app)) });
  const show = (change: ReleaseFocus) => go(paths.release(app, number, { ...focus, ...change }), { replace: true });
  if (isMissing(error))
    return (
      <Empty title={`There is no release ${number} of ${app}`} command={`npx quipu history ${app}`}>
        Its releases stand on the page of{" "}
        <a className="link" href={paths.app(app)}>
          {app}
        </a>
        .
      </Empty>
    );
  if (view === undefined) return error === null ? null : <Failure error={error} retry={() => void query.refetch()} />;
  const clusters = view.waves.flatMap((wave) => wave.clusters);
  const chosen = clusters.find(({ cluster }) => cluster === focus.cluster) ?? liveliest(clusters);
  return (
    <ClockSkew value={view.at - query.dataUpdatedAt}>
      <article aria-label={`Release ${number} of ${app}`} className="app-page release-page">
        <ReleaseHead view={view} />
        <CommandBar view={view} />
        <WaitsPanel view={view} />
        {view.waves.length === 0 ? (
          <Empty title={view.endedAt === undefined ? "It hasn’t begun" : "It ended before it began"}>
            {view.endedAt === undefined
              ? "A release begins when the one before it has ended; then its waves and steps stand here."
              : "Nothing of it was put in force."}
          </Empty>
        ) : (
          <Quipu
            view={view}
            chosen={chosen?.cluster}
            opened={focus.open ?? []}
            choose={(cluster) => show({ cluster })}
            setOpened={(open) => show({ open })}
          />
        )}
        <div className="two wide-left">
          {chosen === undefined ? null : <ClusterPanel key={chosen.cluster} view={view} cluster={chosen} />}
          <EventsPanel view={view} />
        </div>
      </article>
    </ClockSkew>
  );
}

/** Where something happens: trouble first, then what moves. */
function liveliest<C extends { state: string }>(clusters: readonly C[]): C | undefined {
  for (const state of ["going back", "taken back", "running"]) {
    const found = clusters.find((cluster) => cluster.state === state);
    if (found !== undefined) return found;
  }
  return clusters[0];
}
