import { readFileSync } from "node:fs";
import { connectionFromKubeconfig } from "../../../src/kube/kubeconfig.ts";
import type { Ground } from "../../conformance/ground.ts";
import { sharedCluster } from "./shared-cluster.ts";

/** The tier's real kube-apiserver. It outlives its users. */
export async function realGround(): Promise<Ground> {
  const connection = connectionFromKubeconfig(readFileSync((await sharedCluster()).kubeconfig, "utf8"));
  return { connection, close: () => Promise.resolve() };
}
