import { readFileSync } from "node:fs";
import type { ProblemDocument } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { fit } from "../fit-line.ts";
import { type OutputFormat, render } from "../output.ts";
import { type PlanView, planLines } from "../plan-text.ts";
import { Progress } from "../progress.ts";
import { canvas } from "../watch.ts";
import { withClient } from "../with-client.ts";
import { sayWarnings } from "./apply.ts";
import { upload } from "./deploy.ts";

export interface PlanOptions {
  image?: string;
  from?: string;
  filename?: string;
  objects?: boolean;
  output: OutputFormat;
}

/** What a release would do; changes nothing in the fleet (a folder is uploaded, as an artifact that nothing runs). */
export async function plan(app: string, { image, from, filename, objects, output }: PlanOptions): Promise<void> {
  if (image !== undefined && from !== undefined)
    throw new CliError("usage", "--image and --from can't be given together");
  const document = filename === undefined ? undefined : read(filename);
  await withClient(async (client) => {
    const artifact = from === undefined ? undefined : await upload(client, app, from, new Progress());
    const { body } = await client.call<PlanView & { warnings?: ProblemDocument[] }>(
      "POST",
      `/api/v1/apps/${encodeURIComponent(app)}/plan`,
      {
        body: {
          ...(image !== undefined && { image }),
          ...(artifact !== undefined && { artifact }),
          ...(document !== undefined && { document }),
        },
      },
    );
    if (output === "json" || output === "yaml") console.log(render(body, output));
    else {
      const { columns, paint } = canvas();
      for (const line of planLines(body, paint, objects)) console.log(fit(line, columns));
      sayWarnings(body.warnings ?? []);
    }
  });
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CliError("usage", `--filename ${file} can't be read: ${(error as Error).message}`);
  }
}
