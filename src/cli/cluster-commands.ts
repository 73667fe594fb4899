import { type Command, Option } from "commander";
import { duration } from "./option-values.ts";
import { examples } from "./release-commands.ts";

/** Commands about the clusters themselves. */
export function clusterCommands(quipu: Command, output: () => Option): void {
  const cluster = quipu.command("cluster").description("the clusters of the fleet");
  cluster
    .command("list")
    .description("clusters and how they are")
    .addOption(output())
    .action(async (options) => (await import("./commands/get.ts")).get("clusters", undefined, options));
  cluster
    .command("kubeconfig")
    .description("print a kubeconfig for a cluster")
    .argument("<name>")
    .action(async (name) => (await import("./commands/cluster-kubeconfig.ts")).kubeconfig(name));
  cluster
    .command("agent")
    .description("print the Kubernetes objects that run a cluster's agent there, with a new token for it")
    .argument("<name>")
    .requiredOption("--image <image>", "image in which quipu runs")
    .option(
      "--server <url>",
      "URL of the server, as the cluster reaches it (default: the one that you are signed in to)",
    )
    .option("--ca-file <file>", "PEM of the authority of the server's certificate, where the image doesn't know it")
    .action(async (name, options) => (await import("./commands/cluster-agent.ts")).clusterAgent(name, options));
  cluster
    .command("pause-healing")
    .description("leave what is changed by hand as it is, for a while: it is still seen and shown, and releases go on")
    .argument("<name>")
    .addOption(
      new Option("--for <duration>", "how long; then everything is put right by itself (at most 168h)")
        .argParser(duration)
        .default(3_600_000, "1h"),
    )
    .option("--app <app...>", "only the objects of these apps (default: everything in the cluster)")
    .option("--why <reason>", "shown at the cluster, and goes into the audit record")
    .action(async (name, options) => (await import("./commands/cluster-healing.ts")).pauseHealing(name, options))
    .addHelpText(
      "after",
      examples(
        "quipu cluster pause-healing lima",
        'quipu cluster pause-healing lima --app orders --for 30m --why "routes by hand"',
      ),
    );
  cluster
    .command("resume-healing")
    .description("put right at once what was changed by hand, and from now on")
    .argument("<name>")
    .option("--app <app...>", "only of these apps (default: everything)")
    .option("--why <reason>", "goes into the audit record")
    .action(async (name, options) => (await import("./commands/cluster-healing.ts")).resumeHealing(name, options))
    .addHelpText("after", examples("quipu cluster resume-healing lima"));
}
