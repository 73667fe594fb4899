import type { ClusterView } from "../../api/views.ts";
import { Copyable } from "../../ui/copyable.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { list } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { useServerNow } from "../../ui/server-clock.tsx";
import { lastingPauses } from "./pauses.ts";

/** Whose healing is paused, for how long yet and why; and how it goes on. */
export function PauseNote({ cluster }: { cluster: ClusterView }) {
  const pauses = lastingPauses(cluster, useServerNow());
  if (pauses.length === 0) return null;
  return (
    <div className="note pause-note" role="note" aria-label="Healing is paused">
      {pauses.map(({ until, apps, why }) => (
        <p key={`${until} ${apps?.join() ?? ""}`}>
          <Mark health="wait" word={`Healing${apps === undefined ? "" : ` of ${list(apps)}`} is paused`} />{" "}
          <span className="dim">for</span> <Countdown until={Date.parse(until)} />
          {why === undefined ? null : <span className="dim"> · {why}</span>}
        </p>
      ))}
      <Copyable command={`npx quipu cluster resume-healing ${cluster.metadata.name}`} />
    </div>
  );
}
