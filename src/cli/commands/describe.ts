import { type AppView, appTree } from "../app-view.ts";
import type { ProblemDocument } from "../api-client.ts";
import { pluralOf } from "../kind-names.ts";
import { paint, render } from "../output.ts";
import { describe as describeProblem } from "../report-error.ts";
import { withClient } from "../with-client.ts";

/** All about one thing, for people. For an App also what runs, who calls it, and what is probably wrong. */
export async function describe(kind: string, name: string): Promise<void> {
  const plural = pluralOf(kind);
  const path = `/api/v1/${plural}/${encodeURIComponent(name)}`;
  await withClient(async (client) => {
    const { status, ...declared } = await client.get<Record<string, unknown>>(path);
    section("Declared");
    console.log(render(declared, "yaml"));
    if (plural !== "apps") {
      if (status !== undefined) {
        section("Status");
        console.log(render(status, "yaml"));
      }
      return;
    }
    const view = await client.get<AppView>(`${path}/status`);
    section("Runs");
    console.log(appTree(view).join("\n"));
    section("Calls");
    console.log(edges(view.calls, "→"));
    section("Called by");
    console.log(edges(view.callers, "←"));
    const { warnings } = await client.get<{ warnings: ProblemDocument[] }>(`${path}/lint`);
    if (warnings.length > 0) {
      section("Probably wrong");
      for (const warning of warnings) console.log(`${paint("yellow", "॥")} ${describeProblem(warning)}`);
    }
  });
}

function section(title: string): void {
  console.log(`\n${paint("bold", title)}`);
}

function edges(list: AppView["calls"], arrow: string): string {
  if (list.length === 0) return "nobody";
  return list.map(({ app, segment, stage }) => `${arrow} ${app}.${segment} (${stage})`).join("\n");
}
