import type { Operations } from "../../generated/api.ts";
import { Glow } from "../../ui/glow.tsx";

type Instance = Operations["appInstances"]["answer"]["instances"][number];
const most = 24;
const shapes: Record<Instance["state"], string> = {
  ready: "M1.500 5.500 4.500 8.500 9.500 2.500",
  starting: "M3.500 2v7M7.500 2v7",
  "not ready": "M2 2l7 7M9 2l-7 7",
  stopping: "M2 5.500h7",
  ended: "M5.500 5.500m-3.500 0a3.500 3.500 0 1 0 7 0a3.500 3.500 0 1 0-7 0",
};

/** A small mark for each pod; its name and state below the pointer, and for those who listen. */
export function Pods({
  instances,
  reason,
}: {
  instances: readonly Instance[] | undefined;
  reason: string | undefined;
}) {
  return (
    <span className="pods">
      {(instances ?? []).slice(0, most).map(({ pod, state, reason: why, restarts }) => {
        const words = `${pod}: ${state}${why === undefined ? "" : `, ${why}`}${restarts > 0 ? `, restarted ${restarts} times` : ""}`;
        return (
          <Glow key={pod} value={state}>
            <span className={`pod ${state.replace(" ", "-")}`} title={words}>
              <span className="only-spoken">{words}</span>
              <svg width="11" height="11" aria-hidden="true">
                <path d={shapes[state]} />
              </svg>
            </span>
          </Glow>
        );
      })}
      {instances !== undefined && instances.length > most ? (
        <span className="dim small">+{instances.length - most}</span>
      ) : null}
      {reason === undefined ? null : <span className="small why">{reason}</span>}
    </span>
  );
}
