import type { TestProject } from "vitest/node";
import { SetupError } from "../../../setup/run.mjs";
import { provide } from "../../testbed/provide.ts";
import { startTestbed, type Testbed } from "../../testbed/testbed.ts";
import { startLender } from "../../harness/lender.ts";

declare module "vitest" {
  interface ProvidedContext {
    lender: string;
  }
}

/** A cluster with Istio that files of the tier use one after another. */
export interface SharedCluster {
  kubeconfig: string;
  /** An unmodified kubectl. */
  kubectl: string;
  /** `host:port` of its istiod's discovery, in plain text. */
  istiod: string;
}

/** More would cost the files that start their own more than they save those that wait. */
const most = 2;

/** Builds what is missing; clusters are started when they are asked for. Whoever restarts components starts a testbed of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  try {
    await provide({ istio: true });
  } catch (error) {
    if (error instanceof SetupError)
      throw new Error([error.message, error.advice, error.output].join("\n"), { cause: error });
    throw error;
  }
  const testbeds: Testbed[] = [];
  const lender = await startLender(most, async (): Promise<SharedCluster> => {
    const testbed = await startTestbed();
    testbeds.push(testbed);
    const { kubeconfig, kubectl, clusters } = testbed;
    return { kubeconfig, kubectl, istiod: clusters[0]!.istiods[0]!.grpc };
  });
  project.provide("lender", lender.url);
  return async () => {
    await lender.close();
    await Promise.all(testbeds.map((testbed) => testbed.stop()));
  };
}
