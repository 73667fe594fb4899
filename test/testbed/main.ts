// npm run testbed: real Kubernetes clusters with Istio on this machine, until Ctrl-C.
import { parseArgs } from "node:util";
import { memoryOf } from "../../bench/memory.ts";
import { SetupError } from "../../setup/run.mjs";
import { join } from "node:path";
import { kubernetes } from "./parts.ts";
import { provide, provideGo } from "./provide.ts";
import { startTestbed, type TestbedOptions } from "./testbed.ts";

const help = `npm run testbed -- [OPTIONS]        starts clusters and keeps them until Ctrl-C
npm run testbed -- build [--no-istio]  only builds what is missing
npm run testbed -- kubectl             builds kubectl where missing and prints its path

Each cluster is etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok (nodes and pods that
become ready without containers) and istiod, all on free ports of 127.0.0.1. The first start builds them
from pinned Go modules, once, into ~/.cache/quipu: up to half an hour on two cores, with Go's caches 8 GB.

  --clusters N   how many (default 1)
  --nodes N      fake nodes of each (default 3)
  --no-istio     Kubernetes alone
  --istiods N    1 or 2 for each cluster (default 1)
  --help         this text`;

const options = {
  clusters: { type: "string", default: "1" },
  nodes: { type: "string", default: "3" },
  istio: { type: "boolean", default: true },
  istiods: { type: "string", default: "1" },
  help: { type: "boolean", default: false },
} as const;

try {
  const { values, positionals } = parsed();
  if (values.help) console.log(help);
  else if (positionals.length === 0) await up(testbedOptions(values));
  else if (positionals.length === 1 && positionals[0] === "build") await provide({ istio: values.istio });
  else if (positionals.length === 1 && positionals[0] === "kubectl")
    console.log(join(await provideGo(kubernetes), "kubectl"));
  else usage(`"${positionals.join(" ")}" isn't known here: build, kubectl or nothing`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`\nthe testbed can't be had: ${error.message}`);
  if (error.output) console.error(error.output.split("\n").slice(-15).join("\n").replace(/^/gm, "  | "));
  if (error.advice) console.error(error.advice);
  process.exitCode = 1;
}

async function up(wanted: TestbedOptions): Promise<void> {
  // Until there is something to stop, Ctrl-C just ends us.
  await provide({ istio: wanted.istio ?? true });
  const began = Date.now();
  const over = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
  const starting = startTestbed(wanted);
  const testbed = await Promise.race([starting, over]);
  if (testbed !== undefined) {
    const gigabytes = memoryOf(testbed.id).reduce((sum, { pss }) => sum + pss, 0) / 1000;
    console.log(`
ready after ${((Date.now() - began) / 1000).toFixed(0)} s, ${gigabytes.toFixed(1)} GB of memory

  export KUBECONFIG=${testbed.kubeconfig}
  ${testbed.kubectl} get nodes
${testbed.clusters
  .map(
    ({ name, connection, istiods }) => `
  ${name}  ${connection.server}  kubectl --context ${name}${istiods.map(({ grpc, http }) => `\n       istiod: discovery ${grpc}, debug http://${http}/debug`).join("")}`,
  )
  .join("")}

Logs: ${testbed.folder}/CLUSTER/*.log. Ctrl-C stops everything and removes its data.`);
    await over;
  }
  console.log("\nstopping");
  await (await starting).stop();
}

function parsed() {
  try {
    return parseArgs({ options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    return usage((error as Error).message);
  }
}

function testbedOptions(values: { clusters: string; nodes: string; istio: boolean; istiods: string }): TestbedOptions {
  const number = (name: "clusters" | "nodes" | "istiods", least: number, most: number): number => {
    const value = Number(values[name]);
    return Number.isInteger(value) && value >= least && value <= most
      ? value
      : usage(`--${name} is "${values[name]}": a number from ${least} to ${most} is meant`);
  };
  return {
    ...{ clusters: number("clusters", 1, 20), nodes: number("nodes", 0, 1000), istio: values.istio },
    istiods: number("istiods", 1, 2) as 1 | 2,
  };
}

function usage(problem: string): never {
  console.error(`${problem}\n\n${help}`);
  process.exit(2);
}
