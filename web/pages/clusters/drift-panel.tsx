import type { ClusterView, WorkerState } from "../../api/views.ts";
import { Copyable } from "../../ui/copyable.tsx";
import { DriftList } from "../../ui/drift-list.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useServerNow } from "../../ui/server-clock.tsx";
import { lastingPauses } from "./pauses.ts";

/** What somebody changed by hand in the cluster, and whether it is put right. */
export function DriftPanel({
  name,
  cluster,
  worker,
  pending,
}: {
  name: string;
  cluster: ClusterView | undefined;
  worker: WorkerState | undefined;
  pending: boolean;
}) {
  const paused = lastingPauses(cluster, useServerNow()).length > 0;
  return (
    <Panel
      title="Changed by hand"
      aside={worker === undefined || worker.drift.length === 0 ? undefined : worker.drift.length}
    >
      {worker === undefined ? (
        <p className="pad dim">{pending ? "…" : "This server doesn’t look after it."}</p>
      ) : worker.drift.length === 0 ? (
        <p className="pad">
          <Mark health="good" word="Nothing: every object is as it was applied" />
        </p>
      ) : (
        <DriftList drift={worker.drift} drifting={worker.drifting} />
      )}
      {paused ? null : (
        <div className="pad">
          <p className="dim">It is put right at once. To leave it as it is, for a while:</p>
          <Copyable command={`npx quipu cluster pause-healing ${name} --for 1h`} />
        </div>
      )}
    </Panel>
  );
}
