import type { Command, Option } from "commander";
import { duration, integer, parts, releaseNumber } from "./option-values.ts";
import type { SteerKind } from "./release-view.ts";

const steering: Record<SteerKind, { says: string; wait: string; examples: string[] }> = {
  promote: {
    says: "go on with a release that is held or paused, without waiting for its verdict",
    wait: "stay until the release has ended",
    examples: ["quipu promote orders", 'quipu promote orders --why "looked at it, it is well" --wait'],
  },
  pause: {
    says: "hold a release before its next step",
    wait: "stay until the release has ended",
    examples: ["quipu pause orders", "quipu pause orders --release 7"],
  },
  resume: {
    says: "let a paused release go on",
    wait: "stay until the release has ended",
    examples: ["quipu resume orders --wait"],
  },
  abort: {
    says: "give a release up: everything goes back to what was good",
    wait: "stay until everything has gone back; that is then exit code 0",
    examples: ['quipu abort orders --why "the wrong artifact" --wait'],
  },
};

/** Commands about releases: from the plan of one to its undoing. */
export function releaseCommands(quipu: Command, output: () => Option): void {
  quipu
    .command("plan")
    .description("what a release would do: weights, waves, time, objects; changes nothing")
    .argument("<app>")
    .option("--image <image>", "as if this image were deployed")
    .option("--from <folder>", "as if this folder were deployed (it is uploaded)")
    .option("-f, --filename <file>", "as if this file were applied; - reads standard input")
    .option("--objects", "also every field of every object that changes")
    .addOption(output())
    .action(async (app, options) => (await import("./commands/plan.ts")).plan(app, options))
    .addHelpText(
      "after",
      examples("quipu plan orders --from services/orders", "quipu plan orders -f orders.yaml --objects"),
    );

  for (const [kind, { says, wait, examples: shown }] of Object.entries(steering) as [
    SteerKind,
    (typeof steering)[SteerKind],
  ][])
    quipu
      .command(kind)
      .description(says)
      .argument("<app>")
      .option("--release <number>", "another release than the newest under way", releaseNumber)
      .option("--why <reason>", "goes into the release's story and the audit record")
      .option("--wait", wait)
      .option("--timeout <duration>", "with --wait: exit code 8 after so long; the release goes on", duration)
      .action(async (app, options) => (await import("./commands/steer.ts")).steer(kind, app, options))
      .addHelpText("after", examples(...shown));

  quipu
    .command("undo")
    .description("bring back what an earlier release had in force, as a new release")
    .argument("<app>")
    .option("--only <parts>", "workload, traffic, edges: one, or several with commas (default: all)", parts)
    .option("--to <number>", "the release that comes back (default: the last one before that finished)", releaseNumber)
    .option("--dry-run", "check it and change nothing")
    .option("--why <reason>", "goes into the release's story and the audit record")
    .option("--wait", "stay until the release has ended (default)")
    .option("--no-wait", "return as soon as the release is accepted")
    .option("--timeout <duration>", "exit code 8 after so long; the release goes on", duration)
    .action(async (app, options) => (await import("./commands/again.ts")).undo(app, options))
    .addHelpText("after", examples("quipu undo orders", "quipu undo orders --only traffic,edges --to 5"));
  quipu
    .command("retry")
    .description("release again what was taken back")
    .argument("<app>")
    .option("--dry-run", "check it and change nothing")
    .option("--why <reason>", "goes into the release's story and the audit record")
    .option("--wait", "stay until the release has ended (default)")
    .option("--no-wait", "return as soon as the release is accepted")
    .option("--timeout <duration>", "exit code 8 after so long; the release goes on", duration)
    .action(async (app, options) => (await import("./commands/again.ts")).retry(app, options))
    .addHelpText("after", examples('quipu retry orders --why "the disk was full"'));

  quipu
    .command("history")
    .description("an app's releases: when, who, why, what changed, how it ended")
    .argument("<app>")
    .option("--limit <count>", "at most so many, the newest", integer, 20)
    .addOption(output())
    .option("--json", "the same as -o json")
    .action(async (app, options) => (await import("./commands/history.ts")).history(app, options))
    .addHelpText("after", examples("quipu history orders", "quipu history orders --json | jq '.releases[0].outcome'"));
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
