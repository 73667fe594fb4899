import { Command, CommanderError, Option } from "commander";
import { exitCodes } from "./cli-error.ts";
import { reportError } from "./report-error.ts";
import { outputFormats } from "./output.ts";
import { duration, integer, releaseNumber } from "./option-values.ts";
import { clusterCommands } from "./cluster-commands.ts";
import { meshCommand } from "./mesh-command.ts";
import { examples, releaseCommands } from "./release-commands.ts";

export interface UpOptions {
  demo?: boolean;
  load: boolean;
  port?: number;
  cluster?: string[];
  database?: string;
}

export interface AgentOptions {
  cluster: string;
  server: string;
  tokenFile: string;
  caFile?: string;
  kubeconfig?: string;
  context?: string;
  inCluster?: boolean;
}

export interface MeshOptions {
  kubeconfig?: string;
  context?: string;
  /** `ADDRESS:PORT`. */
  listen: string;
  tlsCert?: string;
  tlsKey?: string;
  identity: "token" | "node";
  trustDomain: string;
  rootNamespace: string;
  /** Path of a Unix socket. */
  control?: string;
}

/** What happens on this machine rather than through the API. Given by whoever puts processes together, since no room imports that one. */
export interface LocalCommands {
  up(options: UpOptions): Promise<void>;
  down(): Promise<void>;
  agent(options: AgentOptions): Promise<void>;
  mesh(options: MeshOptions): Promise<void>;
}

/** Commands are imported when they run: `quipu --help` and completion must not wait for what they don't use. */
export function program(local: LocalCommands): Command {
  const quipu = new Command("quipu")
    .description(
      "Runs a fleet of Kubernetes + Istio clusters: declare a microservice once, deploy it, and traffic obeys.",
    )
    .version("0.1.0")
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions();

  quipu
    .command("up")
    .description("start the fleet of this home: server, clusters, meshes; stays until Ctrl-C")
    .option("--demo", "with the sample super-app and a little load on it")
    .option("--no-load", "with --demo: without the load")
    .option(
      "--port <port>",
      "port of the API and the web UI on 127.0.0.1 (default 7070, or the next free one)",
      integer,
    )
    .option("--cluster <name=region/zone...>", "clusters of a new fleet (default: bogota=co/co-a montevideo=uy/uy-a)")
    .addOption(
      new Option(
        "--database <url>",
        "keep the state in PostgreSQL (15 or later) rather than in SQLite in the home; asked for once, then remembered",
      ).env("QUIPU_DATABASE"),
    )
    .action((options: UpOptions) => local.up(options));
  quipu
    .command("down")
    .description("stop the fleet of this home, its apps and sidecars included; what is stored stays")
    .action(() => local.down());

  quipu
    .command("apply")
    .description("declare what files say (any kind, many documents in a file; - reads standard input)")
    .requiredOption("-f, --filename <file...>", "YAML or JSON files, or folders of them")
    .option("--dry-run", "check everything and change nothing")
    .option("--wait", "stay until the releases that follow have ended, and draw them meanwhile")
    .option("--timeout <duration>", "with --wait: exit code 8 after so long; the releases go on", duration)
    .option("--why <reason>", "goes into the audit record")
    .addOption(output())
    .action(async (options) => (await import("./commands/apply.ts")).apply(options));
  quipu
    .command("get")
    .description("list things of a kind, or show one")
    .argument("<kind>", kindWords)
    .argument("[name]")
    .addOption(output())
    .option("--team <team>")
    .option("--segment <segment>")
    .option("--cluster <cluster>")
    .option("-q, --query <text>", "only names that hold this text")
    .action(async (kind, name, options) => (await import("./commands/get.ts")).get(kind, name, options));
  quipu
    .command("describe")
    .description("all about one thing: what is declared, what is in force, what is wrong")
    .argument("<kind>", kindWords)
    .argument("<name>")
    .action(async (kind, name) => (await import("./commands/describe.ts")).describe(kind, name));
  quipu
    .command("delete")
    .description("withdraw things")
    .argument("[kind]")
    .argument("[name...]")
    .option("-f, --filename <file...>", "delete what these files declare")
    .option("--dry-run", "say what would come of it and change nothing")
    .option("--why <reason>", "goes into the audit record")
    .action(async (kind, names, options) => (await import("./commands/delete.ts")).remove(kind, names, options));
  quipu
    .command("diff")
    .description("what applying files would change, field by field; exit code 1 when anything would")
    .requiredOption("-f, --filename <file...>", "YAML or JSON files, or folders of them")
    .action(async (options) => (await import("./commands/diff.ts")).diff(options));
  quipu
    .command("lint")
    .description("find what is legal but wrong, before anything is applied")
    .option("-f, --filename <file...>", "files; without any, an app's declaration")
    .argument("[app]")
    .action(async (app, options) => (await import("./commands/lint.ts")).lint(app, options));
  quipu
    .command("render")
    .description("the Kubernetes and Istio objects of an app, for each cluster")
    .argument("<app>")
    .option("--cluster <cluster>", "only for this cluster")
    .option("-o, --output <format>", "yaml or json", "yaml")
    .action(async (app, options) => (await import("./commands/render.ts")).renderApp(app, options));

  quipu
    .command("deploy")
    .description("release a version of an app")
    .argument("<app>")
    .option("--image <image>", "image with tag or digest")
    .option("--from <folder>", "embedded clusters: upload this folder and run it")
    .option("--wait", "stay until the release has ended, and draw it meanwhile (default)")
    .option("--no-wait", "return as soon as the release is accepted")
    .option("--timeout <duration>", "exit code 8 after so long; the release goes on", duration)
    .option("--why <reason>", "goes into the release's story and the audit record")
    .action(async (app, options) => (await import("./commands/deploy.ts")).deploy(app, options))
    .addHelpText(
      "after",
      `${examples("quipu deploy orders --from services/orders", "quipu deploy orders --image registry.example/orders:2.4 --timeout 20m")}\n\n${endings}`,
    );
  quipu
    .command("status")
    .description("where an app stands: its release, revisions and pods in every cluster; without APP, all apps")
    .argument("[app]")
    .option(
      "-w, --watch",
      "redraw in place until Ctrl-C, or until --release ends; without a terminal, a line for each change",
    )
    .option("--release <number>", "one release with every step, its receipt and verdict", releaseNumber)
    .addOption(output())
    .action(async (app, options) => (await import("./commands/status.ts")).status(app, options));
  quipu
    .command("explain")
    .description("what happens to one request: which route, limits, endpoints and rules it meets")
    .argument("<from>")
    .argument("<url>")
    .option("-X, --method <method>", "HTTP method", "GET")
    .option("-H, --header <name: value...>", "request headers")
    .option("--cluster <cluster>", "where the caller runs (default: its first cluster)")
    .option("--state <name=value...>", "what the configuration can't say: status, delay, requests, connections, tokens")
    .addOption(output())
    .action(async (from, url, options) => (await import("./commands/explain.ts")).explain(from, url, options));
  quipu
    .command("logs")
    .description("what an app's processes wrote")
    .argument("<app>")
    .option("-f, --follow")
    .option("--tail <lines>", "only the last lines", integer, 100)
    .option("--cluster <cluster>")
    .option("--pod <pod>")
    .option("-p, --previous", "of the process before the last restart")
    .action(async (app, options) => (await import("./commands/logs.ts")).logs(app, options));

  releaseCommands(quipu, output);

  clusterCommands(quipu, output);

  quipu
    .command("agent")
    .description("run the worker of one cluster, dialling out to the server; stays until it is stopped")
    .requiredOption("--cluster <name>", "the Cluster's name")
    .requiredOption("--server <url>", "URL of the server")
    .requiredOption("--token-file <file>", "file with the agent's token; read again when it is renewed")
    .option("--ca-file <file>", "PEM of the authority of the server's certificate")
    .option("--kubeconfig <file>", "how the cluster is reached")
    .option("--context <name>", "of the kubeconfig (default: its current one)")
    .option("--in-cluster", "reach the cluster that this is a pod of")
    .action((options: AgentOptions) => local.agent(options));

  meshCommand(quipu, local);

  quipu
    .command("login")
    .description("sign in to a server, or say as whom this home is signed in")
    .option("--link", "print a link that signs a browser in, once, within 15 minutes")
    .option("--server <url>", "the server to sign in to")
    .option("--token-file <file>", "file with its token; - reads standard input")
    .action(async (options) => (await import("./commands/login.ts")).login(options));

  quipu
    .command("completion")
    .description("print a completion script")
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell) => (await import("./commands/completion.ts")).completion(shell));
  quipu
    .command("__complete", { hidden: true })
    .argument("[words...]")
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => (await import("./commands/completion.ts")).complete(quipu, words));
  explainErrors(quipu, "quipu");
  for (const name of ["get", "describe", "deploy", "status", "history"])
    quipu.commands.find((command) => command.name() === name)!.addHelpText("after", `\n${words}`);
  return quipu;
}

/** Written out: what knows the kinds takes longer to load than help may take. A test compares. */
const kindWords = "one of apps, clusters, policies, releases, segments, teams, tokenissuers, windows (or singular)";
const endings =
  "Exit codes: 0 finished, 1 failed and taken back, 7 superseded, 8 --timeout is over, 9 aborted, 10 stopped halfway (onFailure: stop).";
const words = "A release (APP-r7) is a change of an app; a revision (r7) is the workload that release 7 made.";

/** After a wrong command line one line says where help is; the whole of it would push the error out of sight. */
function explainErrors(command: Command, path: string): void {
  command.showHelpAfterError(`"${path} --help" tells more.`);
  for (const sub of command.commands) explainErrors(sub, `${path} ${sub.name()}`);
}

function output(): Option {
  return new Option("-o, --output <format>", "how to print it").choices(outputFormats).default("table");
}

/** Runs one command line and returns the exit code. */
export async function main(words: readonly string[], local: LocalCommands): Promise<number> {
  try {
    await program(local).parseAsync(words, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return reportError(error);
  }
}
