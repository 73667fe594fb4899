import type { ReleaseMarker } from "../../../src/release/release-markers.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import type { Moment } from "../../ui/chart.tsx";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";

/** As charts mark them: a knot where it was accepted, a tick where it ended. Pure. */
export function momentsOf(markers: readonly ReleaseMarker[], own?: string): Moment[] {
  return markers.map(({ app, number, phase, at, endedAt }) => ({
    at,
    ...(endedAt !== undefined && { endedAt }),
    label: app === own ? `release ${number}` : `${app} release ${number}`,
    failed: phase === "failed" || phase === "going back",
    own: app === own,
  }));
}

const most = 6;

/** What the marks on the charts above stand for. Its place is there before there are any. */
export function ReleaseMarks({ markers, own }: { markers: readonly ReleaseMarker[] | undefined; own?: string }) {
  const shown = (markers ?? []).toReversed().slice(0, most);
  return (
    <p className="small dim marks">
      {markers === undefined ? (
        " "
      ) : markers.length === 0 ? (
        "No release could have touched these figures in the last ten minutes."
      ) : (
        <>
          Marked:
          {shown.map(({ app, number, phase, at }) => {
            const { health, word } = releaseHealth({ phase });
            return (
              <Link key={`${app}/${number}`} to={paths.release(app, number)}>
                {app === own ? "" : `${app} `}release {number}{" "}
                <time dateTime={new Date(at).toISOString()}>
                  {new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
                </time>{" "}
                <Mark health={health} word={word} />
              </Link>
            );
          })}
          {markers.length > most ? ` and ${markers.length - most} more` : null}
        </>
      )}
    </p>
  );
}
