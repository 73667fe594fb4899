import { Option, type Command } from "commander";
import type { LocalCommands, MeshOptions } from "./main.ts";
import { examples } from "./release-commands.ts";

/** `quipu mesh`: the one command that speaks to a cluster itself, since it is a control plane and no client of ours. */
export function meshCommand(quipu: Command, local: Pick<LocalCommands, "mesh">): void {
  quipu
    .command("mesh")
    .description("be the control plane of a cluster's proxies, in istiod's place; stays until Ctrl-C")
    .option("--kubeconfig <file>", "how to reach the cluster (default: as the pod that it runs in)")
    .option("--context <name>", "another context of the kubeconfig than its current one")
    .option("--listen <address:port>", "where proxies find it, with delta ADS", "127.0.0.1:15010")
    .option("--tls-cert <file>", "serve by TLS, with this certificate chain (PEM)")
    .option("--tls-key <file>", "the certificate's private key (PEM)")
    .addOption(
      new Option(
        "--identity <how>",
        "how a proxy proves who it is: by a token of its pod (authorization: Bearer), or not at all",
      )
        .choices(["token", "node"])
        .default("token"),
    )
    .option("--trust-domain <name>", "first part of every identity", "cluster.local")
    .option("--root-namespace <name>", "whose objects hold for all namespaces", "istio-system")
    .option("--control <socket>", "a Unix socket for its health, metrics, proxies and explanations")
    .action((options: MeshOptions) => local.mesh(options))
    .addHelpText(
      "after",
      `${examples("quipu mesh --kubeconfig uy.kubeconfig --identity node", "quipu mesh --listen 0.0.0.0:15012 --tls-cert tls.crt --tls-key tls.key")}

It reads Services, EndpointSlices, Pods, Nodes and Istio's objects, whoever wrote them, and writes nothing.
It gives out no certificates: proxies get theirs from the cluster "sds-grpc" of their bootstrap, as Istio's
agent serves it. Secrets of gateways are served to those that prove who they are (--identity token).`,
    );
}
