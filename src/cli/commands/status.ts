import type { ApiClient } from "../api-client.ts";
import { type AppView, appTree } from "../app-view.ts";
import { type OutputFormat, render } from "../output.ts";
import { withClient } from "../with-client.ts";
import { get } from "./get.ts";

export async function status(
  app: string | undefined,
  { watch, output }: { watch?: boolean; output: OutputFormat },
): Promise<void> {
  if (app === undefined) return get("apps", undefined, { output });
  await withClient(async (client) => {
    const view = await read(client, app);
    if (output === "json" || output === "yaml") console.log(render(view, output));
    else if (watch === true) await redraw(client, app, view);
    else console.log(appTree(view).join("\n"));
  });
}

function read(client: ApiClient, app: string): Promise<AppView> {
  return client.get<AppView>(`/api/v1/apps/${encodeURIComponent(app)}/status`);
}

/** Redraws the tree in place until Ctrl-C; without a terminal prints it whenever it changes. */
async function redraw(client: ApiClient, app: string, first: AppView): Promise<void> {
  let before = "";
  let drawn = 0;
  for (let view = first; ; view = await read(client, app)) {
    const lines = appTree(view);
    const text = lines.join("\n");
    if (text !== before) {
      if (process.stdout.isTTY && drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[0J`);
      process.stdout.write(`${text}\n`);
      before = text;
      drawn = lines.length;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
