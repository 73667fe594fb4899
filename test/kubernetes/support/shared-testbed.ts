import type { TestProject } from "vitest/node";
import { startTestbed } from "../../testbed/testbed.ts";
import { SetupError } from "../../../setup/run.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Kubeconfig of the cluster that this tier's files share, one after another. */
    kubeconfig: string;
    /** An unmodified kubectl. */
    kubectl: string;
  }
}

/** One cluster with Istio for the whole tier, built when missing; whoever restarts components starts a testbed of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    const testbed = await startTestbed();
    project.provide("kubeconfig", testbed.clusters[0]!.kubeconfig);
    project.provide("kubectl", testbed.kubectl);
    return () => testbed.stop();
  } catch (error) {
    if (error instanceof SetupError)
      throw new Error([error.message, error.advice, error.output].join("\n"), { cause: error });
    throw error;
  }
}
