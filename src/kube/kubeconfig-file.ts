/** One or several kubeconfig files as one, each entry knowing the folder that its paths are relative to. */
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { KubeconfigError } from "./kubeconfig-error.ts";

export type Fields = Record<string, unknown>;

/** A text, and the path it was read from: files named in it are relative to its folder. */
export interface KubeconfigSource {
  text: string;
  path?: string;
}
export interface Entry {
  name: string;
  value: Fields;
  /** Undefined: the current folder. */
  folder: string | undefined;
}
export interface KubeconfigFile {
  current: string | undefined;
  clusters: readonly Entry[];
  users: readonly Entry[];
  contexts: readonly Entry[];
}

/**
 * The first source that has an entry of a name, or a current context, wins; entries aren't mixed
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files).
 * Throws `KubeconfigError`.
 */
export function readKubeconfig(sources: readonly KubeconfigSource[]): KubeconfigFile {
  const parsed = sources.map(({ text, path }) => ({
    config: parseConfig(text, sources.length > 1 ? path : undefined),
    folder: path === undefined ? undefined : dirname(path),
  }));
  const merged = (list: string, field: string): Entry[] => {
    const found = new Map<string, Entry>();
    for (const { config, folder } of parsed)
      for (const entry of entriesOf(config, list, field, folder))
        if (!found.has(entry.name)) found.set(entry.name, entry);
    return [...found.values()];
  };
  return {
    current: parsed.map(({ config }) => string(config["current-context"])).find((name) => name !== undefined),
    clusters: merged("clusters", "cluster"),
    users: merged("users", "user"),
    contexts: merged("contexts", "context"),
  };
}

/**
 * The files that `kubectl` would read: those of KUBECONFIG that exist, else `~/.kube/config`. `readFile` gives undefined
 * for a file that isn't there.
 */
export function kubeconfigSources(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string | undefined,
): KubeconfigSource[] {
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const paths = listed.length > 0 ? listed : [join(env["HOME"] ?? "", ".kube", "config")];
  return [...new Set(paths)].flatMap((path) => {
    const text = readFile(path);
    return text === undefined ? [] : [{ text, path: resolve(path) }];
  });
}

function parseConfig(text: string, path: string | undefined): Fields {
  const name = path ?? "the kubeconfig";
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    // Only the place: the parser's message quotes lines, and a kubeconfig's lines are secrets.
    const at = (cause as { linePos?: [{ line: number }] }).linePos?.[0].line;
    throw new KubeconfigError(
      "kubeconfig/broken",
      `${name} isn't YAML${at === undefined ? "" : `: something is wrong at line ${at}`}`,
      "",
    );
  }
  if (!isFields(value) || (value["kind"] !== undefined && value["kind"] !== "Config"))
    throw new KubeconfigError("kubeconfig/broken", `${path ?? "this"} isn't a kubeconfig`, "kind", {
      found: isFields(value) ? String(value["kind"]) : typeof value,
      accepted: "Config",
    });
  return value;
}

function entriesOf(config: Fields, list: string, field: string, folder: string | undefined): Entry[] {
  const entries = config[list] ?? [];
  if (!Array.isArray(entries))
    throw new KubeconfigError("kubeconfig/broken", `${list} is not a list`, list, {
      accepted: "a list of { name, … }",
    });
  return entries.flatMap((entry: unknown) =>
    isFields(entry) && typeof entry["name"] === "string" && isFields(entry[field])
      ? [{ name: entry["name"], value: entry[field], folder }]
      : [],
  );
}

export function string(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
