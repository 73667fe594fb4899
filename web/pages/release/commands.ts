import type { ReleaseView } from "../../../src/release/release-view.ts";
import type { CommandKind } from "../../api/release-queries.ts";

export interface Command {
  kind: CommandKind | "undo" | "retry";
  title: string;
  /** Why it can't be given now; null: it can. */
  refused: string | null;
  /** What follows. */
  effect: string;
}

/** What can be said to a release, and what follows from it. Pure. */
export function commandsOf({ app, number, commands, again, from }: ReleaseView): Command[] {
  const unknown = "the server doesn’t say whether it can be";
  const back = again?.undoTo;
  return [
    {
      kind: "promote",
      title: "Promote",
      refused: commands.promote,
      effect:
        "What is held goes on to its next step now, without waiting for the verdict. Later steps are judged as before.",
    },
    {
      kind: "pause",
      title: "Pause",
      refused: commands.pause,
      effect: "It stays at its present weights before its next step, for seven days at most; then it is taken back.",
    },
    { kind: "resume", title: "Resume", refused: commands.resume, effect: "It goes on from where it was paused." },
    {
      kind: "abort",
      title: "Abort",
      refused: commands.abort,
      effect: `Everything goes back to ${from ?? "what was good"}, in every cluster that it touched, last wave first. What it brought counts as rejected until it is edited or tried again.`,
    },
    {
      kind: "undo",
      title: back === number ? `Back to release ${back}` : "Undo",
      refused: again === undefined ? unknown : again.undo,
      effect:
        back === undefined
          ? `An earlier release of ${app} comes back.`
          : `A new release of ${app} brings back workload, traffic and edges of release ${back}, through the same waves and steps.`,
    },
    {
      kind: "retry",
      title: "Retry",
      refused: again === undefined ? unknown : again.retry,
      effect: `A new release of ${app} as it is declared: what was taken back is tried again.`,
    },
  ];
}
