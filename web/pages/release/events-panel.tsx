import type { ReleaseView } from "../../../src/release/release-view.ts";
import { Panel } from "../../ui/panel.tsx";

/** The story, newest first. A receipt is told with the step that it is of. */
export function EventsPanel({ view }: { view: ReleaseView }) {
  const { events } = view;
  const labels = labelsOf(view);
  return (
    <Panel title="Events" aside={events.length} className="events">
      <ol reversed>
        {events.toReversed().map(({ at, cluster, text }, index) => (
          <li key={events.length - index}>
            <time className="dim" dateTime={new Date(at).toISOString()} title={new Date(at).toLocaleString()}>
              {new Date(at).toLocaleTimeString([], { hour12: false })}
            </time>
            <span className="where" title={cluster}>
              {cluster === "" ? <span className="dim">fleet</span> : cluster}
            </span>
            <span className="text" title={text}>
              {labels.has(`${cluster}/${at}/${text}`) ? <b>{labels.get(`${cluster}/${at}/${text}`)}: </b> : null}
              {text}
            </span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** By cluster, time and receipt: the step. */
function labelsOf({ stages, waves }: Pick<ReleaseView, "stages" | "waves">): Map<string, string> {
  const cells = [
    { cluster: "", steps: stages },
    ...waves.flatMap(({ clusters }) =>
      clusters.map(({ cluster, steps, back }) => ({ cluster, steps: [...steps, ...back] })),
    ),
  ];
  return new Map(
    cells.flatMap(({ cluster, steps }) =>
      steps.map((step) => [`${cluster}/${step.heldAt}/${step.receipt}`, step.label] as const),
    ),
  );
}
