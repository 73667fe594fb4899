import { CliError } from "../cli-error.ts";
import { explanationText, type Explanation } from "../explanation-text.ts";
import { render, type OutputFormat } from "../output.ts";
import { withClient } from "../with-client.ts";

export interface ExplainOptions {
  method: string;
  header?: string[];
  cluster?: string;
  state?: string[];
  output: OutputFormat;
}

/** What happens to one request from an app: asked of the proxies' own configuration, nothing is sent. */
export async function explain(
  from: string,
  url: string,
  { method, header = [], cluster, state = [], output }: ExplainOptions,
): Promise<void> {
  const body = {
    from,
    url,
    method,
    headers: pairs(header, ":", "--header", "x-user: ana"),
    state: pairs(state, "=", "--state", "delay=700ms"),
    ...(cluster !== undefined && { cluster }),
  };
  await withClient(async (client) => {
    const { body: explanation } = await client.call<Explanation>("POST", "/api/v1/explain", { body });
    if (output === "json" || output === "yaml") console.log(render(explanation, output));
    else if (output === "name") console.log(explanation.outcome.status);
    else console.log(explanationText(explanation).join("\n"));
  });
}

/** `name: value` or `name=value`, each as given on the command line. */
function pairs(words: readonly string[], separator: string, option: string, example: string): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf(separator);
      if (at <= 0)
        throw new CliError(
          "usage",
          `${option} "${word}" has no "${separator}" between a name and a value`,
          `For example: ${option} "${example}"`,
        );
      return [word.slice(0, at).trim(), word.slice(at + 1).trim()];
    }),
  );
}
