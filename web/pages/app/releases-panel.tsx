import { useQuery } from "@tanstack/react-query";
import { appReleases } from "../../api/queries.ts";
import type { ReleaseView } from "../../api/views.ts";
import { Age } from "../../ui/age.tsx";
import { list } from "../../ui/format.ts";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";

/** Newest first: what changed, who did it, how it went. */
export function ReleasesPanel({ name, known }: { name: string; known: boolean }) {
  const releases = useQuery({ ...appReleases(name), enabled: known });
  return (
    <Panel title="Releases" aside={releases.data?.length}>
      {releases.error !== null && releases.data === undefined ? (
        <Failure error={releases.error} retry={() => void releases.refetch()} />
      ) : releases.data?.length === 0 ? (
        <Empty title="No release yet" command={`npx quipu deploy ${name} --from DIR`}>
          Each accepted change of the app becomes a numbered release.
        </Empty>
      ) : (
        <>
          <p className="small dim hint">
            A release is one numbered change of the app; revision r7 is the workload that release 7 made.
          </p>
          <ol className="releases">
            {releases.data === undefined ? (
              <Bone width="60%" />
            ) : (
              releases.data.map((release) => <Entry key={release.metadata.name} release={release} />)
            )}
          </ol>
        </>
      )}
    </Panel>
  );
}

function Entry({ release: { metadata, spec, status } }: { release: ReleaseView }) {
  const { health, word } = releaseHealth(status ?? { phase: "waiting" });
  return (
    <li>
      <span className="name" title={metadata.name}>
        {spec.number}
      </span>
      <span>
        <Mark health={health} word={word} />
      </span>
      <span className="what" title={spec.image}>
        {spec.parts.length === 0 ? "nothing that runs" : list(spec.parts)}
        {status?.reason === undefined ? null : <span className="dim"> · {status.reason}</span>}
        {spec.cause.message === undefined ? null : <span className="dim"> · {spec.cause.message}</span>}
      </span>
      <span className="small dim">
        {spec.cause.kind} by {spec.cause.by}
      </span>
      <span className="num small dim">
        <Age since={metadata.creationTimestamp} />
      </span>
    </li>
  );
}
