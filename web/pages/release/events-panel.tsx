import type { ReleaseView } from "../../../src/release/release-view.ts";
import { Panel } from "../../ui/panel.tsx";

/** The story, newest first. */
export function EventsPanel({ events }: { events: ReleaseView["events"] }) {
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
            <span className="text">{text}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
