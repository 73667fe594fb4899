import type { ReleaseView } from "../../../src/release/release-view.ts";
import { Countdown } from "../../ui/countdown.tsx";
import { Mark } from "../../ui/mark.tsx";
import { deadlineOf } from "./deadline.ts";

/** Shown at most: with 50 clusters, they wait for much the same. */
const most = 6;
/** Longest that a person is waited for: as in src/rollout/gates.ts. */
const pauseMs = 7 * 24 * 3_600_000;
const words: Record<ReleaseView["waits"][number]["kind"], string> = {
  contact: "a cluster",
  pods: "pods",
  proxies: "proxies",
  hold: "the verdict",
  person: "a person",
  drain: "requests under way",
  turn: "its turn",
};

/** What is waited for, why, until when, and what happens then. Of a release that has ended: how. */
export function WaitsPanel({ view }: { view: ReleaseView }) {
  const { endedAt, phase, reason, code, paused } = view;
  // A pause that is waited for already has said so itself.
  const waits = view.waits.filter(
    ({ kind, reason: why }) => paused === undefined || kind !== "person" || !why.startsWith("paused by"),
  );
  if (endedAt !== undefined || (waits.length === 0 && paused === undefined))
    return (
      <div className={`waits ${phase === "failed" ? "ended-badly" : ""}`}>
        <p>
          {endedAt === undefined ? (
            <span className="dim">Waits for nothing: the next step is being written.</span>
          ) : phase === "finished" ? (
            <Mark health="good" word="It has taken over everywhere." />
          ) : (
            <>
              <Mark health={phase === "failed" ? "bad" : "unknown"} word={phase === "failed" ? "Taken back" : phase} />{" "}
              {reason} {code === undefined ? null : <code className="dim small">{code}</code>}
            </>
          )}
        </p>
      </div>
    );
  return (
    <section className="waits" aria-label="Waits for">
      {phase === "going back" && reason !== undefined ? (
        <p>
          <Mark health="bad" word="Goes back" /> {reason}
        </p>
      ) : null}
      {paused === undefined ? null : (
        <p>
          <Mark health="wait" word="Waits for a person" /> paused by {paused.by}
          {paused.why === undefined ? "" : `: ${paused.why}`}
          <span className="dim">
            {" "}
            · at its present weights; taken back in <Countdown until={paused.at + pauseMs} /> unless resumed
          </span>
        </p>
      )}
      <table>
        <colgroup>
          <col style={{ width: 170 }} />
          <col />
          <col style={{ width: 100 }} />
          <col style={{ width: 250 }} />
        </colgroup>
        <thead className="unseen">
          <tr>
            <th scope="col">Waits for</th>
            <th scope="col">Why</th>
            <th scope="col">In</th>
            <th scope="col">Then</th>
          </tr>
        </thead>
        <tbody>
          {waits.slice(0, most).map((wait) => (
            <tr key={`${wait.cell}/${wait.kind}`}>
              <th scope="row">
                {wait.kind === "person" ? (
                  <Mark health="wait" word="Waits for a person" />
                ) : (
                  <>Waits for {words[wait.kind]}</>
                )}
              </th>
              <td className="why" title={wait.reason}>
                {wait.reason}
              </td>
              <td className="num">
                <span className="dim">in </span>
                <Countdown until={deadlineOf(wait, view)} />
              </td>
              <td className="dim">{wait.then}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {waits.length > most ? <p className="small dim">and {waits.length - most} more</p> : null}
    </section>
  );
}
