/** One real cluster of a testbed: control plane, fake nodes, and Istio where asked for. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeConnection } from "../../src/kube/kubeconfig.ts";
import { Component } from "./component.ts";
import * as commands from "./control-plane.ts";
import { createAuthority, writeKubeconfig, type Authority } from "./credentials.ts";
import { istioCrds, nodeObject, untilUsable } from "./first-objects.ts";
import { freePorts } from "./ports.ts";
import type { Provided } from "./provide.ts";

export interface ClusterOptions {
  name: string;
  nodes: number;
  /** How many istiods; 0: no Istio at all, not even its CRDs. */
  istiods: 0 | 1 | 2;
  /** Istio's MeshConfig. */
  meshConfig: Readonly<Record<string, unknown>>;
  /** Without them it only stores objects: no nodes, nothing that writes objects or their status by itself. */
  controllers: boolean;
}

export interface Istiod {
  /** `host:port` each: discovery (gRPC, plain), debug pages, and metrics with `/debug`. */
  grpc: string;
  http: string;
  monitoring: string;
}

export interface TestbedCluster {
  readonly name: string;
  /** An administrator's, with everything inline; its one context is named like the cluster. */
  readonly kubeconfig: string;
  readonly connection: KubeConnection;
  readonly istiods: readonly Istiod[];
  /** `etcd`, `kube-apiserver`, `kube-controller-manager`, `kube-scheduler`, `kwok`, `istiod-1`, `istiod-2`. */
  readonly components: ReadonlyMap<string, Component>;
  readonly clientCertificate: Authority["clientCertificate"];
  /** Ends the component, by SIGKILL as in a crash where asked, and starts it again with the same addresses. */
  restart(component: string, signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  stop(): Promise<void>;
}

export async function startCluster(
  provided: Provided,
  base: string,
  fleet: string,
  options: ClusterOptions,
): Promise<TestbedCluster> {
  const { name, istiods: wanted, controllers } = options;
  const nodes = controllers ? options.nodes : 0;
  const folder = join(base, name);
  mkdirSync(folder, { mode: 0o700 });
  const [etcd, etcdPeer, api, ...rest] = (await freePorts(3 + 3 * wanted)) as [number, number, number, ...number[]];
  const ports: commands.Ports = {
    ...{ etcd, etcdPeer, api },
    istiods: Array.from({ length: wanted }, (_, at) => {
      const [grpc, http, monitoring] = rest.slice(at * 3) as [number, number, number];
      return { grpc, http, monitoring };
    }),
  };
  const server = `https://127.0.0.1:${api}`;
  const authority = await createAuthority(folder, server, Date.now());
  const connection = await authority.connection();
  const kubeconfig = join(base, `${name}.kubeconfig`);
  writeKubeconfig(kubeconfig, name, connection);
  for (const user of ["kube-controller-manager", "kube-scheduler"])
    writeKubeconfig(join(folder, `${user}.kubeconfig`), name, await authority.connection(`system:${user}`, []));
  for (const user of ["kwok", "istiod"])
    writeKubeconfig(join(folder, `${user}.kubeconfig`), name, await authority.connection(user));
  writeFileSync(join(folder, "mesh.yaml"), stringify(options.meshConfig));

  const client = new KubeClient(connection);
  const components = new Map<string, Component>();
  const start = async (command: commands.Command, ready: () => Promise<boolean>): Promise<void> => {
    const marks = { QUIPU_FLEET: fleet, QUIPU_ROLE: `${command.name}/${name}` };
    const component = new Component({ ...command, log: join(folder, `${command.name}.log`), ready }, marks);
    components.set(command.name, component);
    await component.start();
  };
  const stop = async (): Promise<void> => {
    await client.close();
    // Whoever talks to another first, so that none spends its last seconds in trying again.
    for (const group of [/^istiod|^kwok|^kube-(?:c|s)/, /^kube-apiserver$/, /^etcd$/])
      await Promise.all(
        [...components.values()].filter(({ spec }) => group.test(spec.name)).map((component) => component.stop()),
      );
  };

  try {
    await start(commands.etcdCommand(provided, folder, ports), () => isOk(`http://127.0.0.1:${etcd}/health`));
    await start(commands.apiserverCommand(provided, folder, ports), () =>
      client.raw("/readyz", { timeoutMs: 2000 }).then(yes, no),
    );
    const always = () => Promise.resolve(true);
    await Promise.all([
      ...(controllers
        ? [
            start(commands.controllerManagerCommand(provided, folder), always),
            start(commands.schedulerCommand(provided, folder), always),
          ]
        : []),
      wanted > 0 ? istioCrds(provided, kubeconfig) : undefined,
    ]);
    for (let number = 1; number <= nodes; number++) await client.create(nodeObject(name, number));
    if (controllers) await start(commands.kwokCommand(provided, folder), always);
    if (wanted > 0) await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } });
    await Promise.all(
      ports.istiods.map((addresses, at) =>
        start(commands.istiodCommand(provided.istio!.pilotDiscovery, folder, addresses, at + 1), () =>
          isOk(`http://127.0.0.1:${addresses.http}/ready`),
        ),
      ),
    );
    if (controllers) await untilUsable(client, nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ name, kubeconfig, connection, components, stop },
    clientCertificate: authority.clientCertificate,
    istiods: ports.istiods.map(({ grpc, http, monitoring }) => ({
      grpc: `127.0.0.1:${grpc}`,
      http: `127.0.0.1:${http}`,
      monitoring: `127.0.0.1:${monitoring}`,
    })),
    async restart(which, signal) {
      const component = components.get(which);
      if (component === undefined)
        throw new Error(`${name} has no ${which}, only ${[...components.keys()].join(", ")}`);
      await component.stop(signal);
      await component.start();
    },
  };
}

const yes = (): boolean => true;
const no = (): boolean => false;
const isOk = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2000) }).then((answer) => answer.ok, no);
