import type { Command } from "commander";
import type { ApiClient } from "../api-client.ts";
import { CliError } from "../cli-error.ts";
import { kindPlurals, pluralOf } from "../kind-names.ts";
import { undoable } from "../option-values.ts";
import { withClient } from "../with-client.ts";

const scripts: Record<string, string> = {
  bash: `_quipu() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  mapfile -t COMPREPLY < <(compgen -W "$(quipu __complete -- "\${words[@]}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}")
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _quipu quipu`,
  zsh: `#compdef quipu
_quipu() {
  local -a candidates
  candidates=("\${(@f)$(quipu __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "\${candidates[*]}" ]] && compadd -a candidates || _files
}
compdef _quipu quipu`,
  fish: `complete -c quipu -f -a '(quipu __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
complete -c quipu -n '__fish_seen_argument -s f -l filename -l from -l kubeconfig -l tls-cert -l tls-key' -F`,
};

export function completion(shell: string): void {
  const script = scripts[shell];
  if (script === undefined)
    throw new CliError(
      "usage",
      `"${shell}" is no shell that quipu completes for`,
      `Accepted: ${Object.keys(scripts).join(", ")}.`,
    );
  console.log(script);
}

/** Commands whose first argument is an app. */
const ofApps = [
  ...["render", "deploy", "status", "logs", "lint", "explain"],
  ...["plan", "promote", "pause", "resume", "abort", "undo", "retry", "history"],
];

/** Commands of `cluster` whose first argument is one. */
const ofClusters = ["kubeconfig", "agent", "pause-healing", "resume-healing"];

/** Names of things of a kind; of releases those of one app. */
type NamesOf = (plural: string, app?: string) => Promise<string[]>;

/** Candidates for the last of `words`, one a line. Silent when the server can't be asked: completion never fails. */
export async function complete(program: Command, words: readonly string[]): Promise<void> {
  const given = words[0] === "--" ? words.slice(1) : words;
  for (const candidate of await candidates(program, given, names)) console.log(candidate);
}

export async function candidates(program: Command, words: readonly string[], namesOf: NamesOf): Promise<string[]> {
  const last = words.at(-1) ?? "";
  let command = program;
  const before = words.slice(0, -1);
  const args: string[] = [];
  for (let index = 0; index < before.length; index++) {
    const word = before[index] as string;
    const sub = args.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (sub !== undefined) command = sub;
    else if (word.startsWith("-")) {
      const option = command.options.find((one) => one.short === word || one.long === word);
      if (option !== undefined && (option.required || option.optional)) {
        if (index === before.length - 1) return option.argChoices ?? valuesOf(option.long, args[0], last, namesOf);
        index++;
      }
    } else args.push(word);
  }
  if (last.startsWith("-"))
    return command.options
      .flatMap((option) => [option.long ?? "", option.short ?? ""])
      .filter((name) => name.startsWith(last));
  const all =
    command.commands.length > 0 && args.length === 0
      ? command.commands.map((one) => one.name()).filter((name) => !name.startsWith("__"))
      : await argumentsOf(command, args, namesOf);
  return all.filter((name) => name.startsWith(last));
}

/** Values of options that aren't a fixed choice. Releases need the app, which comes before. */
async function valuesOf(
  option: string | undefined,
  app: string | undefined,
  last: string,
  namesOf: NamesOf,
): Promise<string[]> {
  if (option === "--cluster") return namesOf("clusters");
  if (option === "--app") return namesOf("apps");
  if (option === "--only") {
    const given = last.split(",").slice(0, -1);
    return undoable.filter((part) => !given.includes(part)).map((part) => [...given, part].join(","));
  }
  if ((option === "--release" || option === "--to") && app !== undefined)
    return (await namesOf("releases", app)).map((name) => name.slice(name.lastIndexOf("-r") + 2));
  return [];
}

async function argumentsOf(command: Command, args: readonly string[], namesOf: NamesOf): Promise<string[]> {
  if (command.name() === "completion") return args.length === 0 ? Object.keys(scripts) : [];
  if (ofClusters.includes(command.name()) && command.parent?.name() === "cluster")
    return args.length === 0 ? namesOf("clusters") : [];
  if (ofApps.includes(command.name())) return args.length === 0 ? namesOf("apps") : [];
  if (["get", "describe", "delete"].includes(command.name())) {
    if (args.length === 0) return kindPlurals;
    return namesOf(pluralOf(args[0] as string));
  }
  return [];
}

async function names(plural: string, app?: string): Promise<string[]> {
  try {
    return await withClient(async (client: ApiClient) => {
      const found: string[] = [];
      for await (const item of client.list<{ metadata: { name: string } }>(`/api/v1/${plural}`, { app }))
        found.push(item.metadata.name);
      return found;
    });
  } catch {
    return [];
  }
}
