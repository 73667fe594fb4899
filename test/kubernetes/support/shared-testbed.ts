import type { TestProject } from "vitest/node";
import { SetupError } from "../../../setup/run.mjs";
import { startTestbed } from "../../testbed/testbed.ts";

declare module "vitest" {
  interface ProvidedContext {
    shared: SharedCluster[];
  }
}

/** One cluster with Istio for each worker of the tier: those of its files that run one after another share it. */
export interface SharedCluster {
  kubeconfig: string;
  /** An unmodified kubectl. */
  kubectl: string;
  /** `host:port` of its istiod's discovery, in plain text. */
  istiod: string;
}

/** Built when missing. Whoever restarts components starts a testbed of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const testbed = await startTestbed({ clusters: Number(project.config.maxWorkers) });
    project.provide(
      "shared",
      testbed.clusters.map(({ kubeconfig, istiods }): SharedCluster => ({
        ...{ kubeconfig, kubectl: testbed.kubectl },
        istiod: istiods[0]!.grpc,
      })),
    );
    return () => testbed.stop();
  } catch (error) {
    if (error instanceof SetupError)
      throw new Error([error.message, error.advice, error.output].join("\n"), { cause: error });
    throw error;
  }
}
