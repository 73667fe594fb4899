/** `quipu agent`: the worker of one cluster, run there. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { CliError } from "../cli/cli-error.ts";
import type { AgentOptions } from "../cli/main.ts";
import { ClusterAgent, ReplacedByAnother } from "../fleet/agent.ts";
import { AgentClient } from "../fleet/agent-client.ts";
import { eventText } from "../fleet/worker-event.ts";
import { inClusterConnection } from "../kube/in-cluster.ts";
import { KubeClient } from "../kube/kube-client.ts";
import { connectionFromKubeconfig, type KubeConnection } from "../kube/kubeconfig.ts";

/** Resolves after SIGTERM or SIGINT. Throws `CliError` for options that can't be used. */
export async function agent(options: AgentOptions): Promise<void> {
  const { cluster, server, tokenFile, caFile } = options;
  const log = pino({ base: { role: "agent", cluster }, level: process.env.QUIPU_LOG ?? "info" });
  const kube = new KubeClient(connection(options));
  const token = () => read(tokenFile, "--token-file").trim();
  // Once at the start, where a mistake is told to whoever starts it; later a file that is just being written is no reason to go.
  let known = token();
  const client = new AgentClient({
    ...{ server, cluster, agent: randomUUID() },
    token: () => {
      try {
        known = token();
      } catch {
        // What was read before may well be good still.
      }
      return known;
    },
    ...(caFile !== undefined && { ca: read(caFile, "--ca-file") }),
  });
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    await new ClusterAgent({
      ...{ cluster, kube, server: client },
      contact: (problem) =>
        problem === undefined
          ? log.info({ server }, "connected to the server")
          : log.warn({ problem }, "the server is tried again; the cluster goes on with what is known"),
      event: (event) =>
        log[event.type === "applied" || event.type === "pruned" ? "debug" : "info"](
          { event: event.type },
          eventText(event),
        ),
    }).run(stop.signal);
    log.info("the agent ends; the cluster goes on with what it has");
  } catch (error) {
    if (error instanceof ReplacedByAnother) throw new CliError("conflict", error.message);
    throw error;
  } finally {
    await Promise.all([client.close(), kube.close()]);
  }
}

function connection({ kubeconfig, context, inCluster }: AgentOptions): KubeConnection {
  if ((kubeconfig === undefined) === (inCluster !== true))
    throw new CliError("usage", "an agent needs either --kubeconfig FILE or --in-cluster");
  try {
    if (kubeconfig === undefined) return inClusterConnection(process.env, (path) => readFileSync(path, "utf8"));
    return connectionFromKubeconfig(read(kubeconfig, "--kubeconfig"), {
      path: kubeconfig,
      readFile: (path) => readFileSync(path, "utf8"),
      ...(context !== undefined && { context }),
    });
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("usage", (error as Error).message);
  }
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError("usage", `${option}: ${(error as Error).message}`);
  }
}
