import type { ReleaseDocument } from "../../api/views.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Age } from "../../ui/age.tsx";
import { Elapsed } from "../../ui/countdown.tsx";
import { list } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";

/** One line of the history; all of it leads to the release's page. */
export function ReleaseEntry({ release: { metadata, spec, status } }: { release: ReleaseDocument }) {
  const { health, word } = releaseHealth(status ?? { phase: "waiting" });
  const begun = metadata.creationTimestamp === undefined ? undefined : Date.parse(metadata.creationTimestamp);
  return (
    <li>
      <Link to={paths.release(spec.app, spec.number)}>
        <span className="name" title={metadata.name}>
          {spec.number}
        </span>
        <Glow value={word}>
          <Mark health={health} word={word} />
        </Glow>
        <span className="what" title={[spec.image, status?.reason, spec.cause.message].filter(Boolean).join("\n")}>
          {spec.parts.length === 0 ? "nothing that runs" : list(spec.parts)}
          {status?.reason === undefined ? null : <span className="dim"> · {status.reason}</span>}
          {spec.cause.message === undefined ? null : <span className="dim"> · {spec.cause.message}</span>}
        </span>
        <span className="small dim cause">
          {spec.cause.kind} by {spec.cause.by}
        </span>
        <span className="num small dim" title="How long it took">
          {begun === undefined ? null : <Elapsed since={begun} until={endOf(status)} />}
        </span>
        <span className="num small dim" title="When it was accepted">
          <Age since={metadata.creationTimestamp} />
        </span>
      </Link>
    </li>
  );
}

function endOf(status: ReleaseDocument["status"]): number | undefined {
  if (status === undefined || !["finished", "failed", "superseded"].includes(status.phase)) return undefined;
  return status.finishedAt ?? status.updatedAt;
}
