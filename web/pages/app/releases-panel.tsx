import { useInfiniteQuery } from "@tanstack/react-query";
import { appReleases } from "../../api/queries.ts";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";
import { ReleaseEntry } from "./release-entry.tsx";

/** Newest first: what changed, who did it, how it went and how long it took. */
export function ReleasesPanel({ name, known }: { name: string; known: boolean }) {
  const list = useInfiniteQuery({ ...appReleases(name), enabled: known });
  const releases = list.data?.pages.flatMap(({ items }) => items).toSorted((a, b) => b.spec.number - a.spec.number);
  return (
    <Panel title="Releases" aside={list.data?.pages[0]?.total}>
      {list.error !== null && releases === undefined ? (
        <Failure error={list.error} retry={() => void list.refetch()} />
      ) : releases?.length === 0 ? (
        <Empty title="No release yet" command={`npx quipu deploy ${name} --from DIR`}>
          Each accepted change of the app becomes a numbered release.
        </Empty>
      ) : (
        <>
          <p className="small dim hint">
            A release is one numbered change of the app; revision r7 is the workload that release 7 made.
          </p>
          <ol className="releases">
            {releases === undefined ? (
              <Bone width="60%" />
            ) : (
              releases.map((release) => <ReleaseEntry key={release.metadata.name} release={release} />)
            )}
          </ol>
          {list.hasNextPage ? (
            <p className="more">
              <button type="button" className="plain link" onClick={() => void list.fetchNextPage()}>
                {list.isFetchingNextPage ? "…" : "Show older ones"}
              </button>
            </p>
          ) : null}
        </>
      )}
    </Panel>
  );
}
