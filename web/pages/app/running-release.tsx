import { useQuery } from "@tanstack/react-query";
import { release } from "../../api/release-queries.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { Glow } from "../../ui/glow.tsx";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { ClockSkew } from "../../ui/server-clock.tsx";
import { Bone } from "../../ui/states.tsx";
import { waveSentence } from "../release/quipu-words.ts";
import { WeightBar } from "../release/weight-bar.tsx";

/** The release that is under way, on top of its app's page. */
export function RunningRelease({ app, number }: { app: string; number: number }) {
  const { data: view, dataUpdatedAt } = useQuery(release(app, number));
  const { health, word } = releaseHealth({ phase: view?.phase ?? "waiting" });
  const [wait] = view?.waits ?? [];
  const wave = view?.waves.find(({ state }) => state === "running" || state === "going back");
  return (
    <ClockSkew value={view === undefined ? 0 : view.at - dataUpdatedAt}>
      <section className="running-release" aria-label={`Release ${number}, under way`}>
        <Link to={paths.release(app, number)} className="name">
          Release {number}
        </Link>
        {view === undefined ? (
          <Bone />
        ) : (
          <Glow value={word}>
            <Mark health={health} word={word} />
          </Glow>
        )}
        {wave === undefined ? null : (
          <span className="dim">
            {wave.name}: {waveSentence(wave)}
          </span>
        )}
        {wave?.clusters.slice(0, 4).flatMap(({ cluster, revisions }) =>
          revisions
            .filter(({ revision }) => revision === view?.revision)
            .map(({ weight, actual }) => (
              <span key={cluster} className="weight-of">
                {cluster} <WeightBar asked={weight} actual={actual} /> <Glow value={weight}>{weight} %</Glow>
              </span>
            )),
        )}
        <span className="why" title={wait?.reason}>
          {wait === undefined ? "" : <Glow value={wait.reason} />}
        </span>
        {wait === undefined ? null : (
          <span className="dim">
            <Countdown until={wait.until} />, then {wait.then}
          </span>
        )}
      </section>
    </ClockSkew>
  );
}
