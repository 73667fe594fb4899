import { readFileSync } from "node:fs";
import { inject } from "vitest";
import { connectionFromKubeconfig } from "../../../src/kube/kubeconfig.ts";
import type { Ground } from "../../conformance/ground.ts";
import "./shared-testbed.ts";

/** The tier's real kube-apiserver. It outlives its users. */
export async function realGround(): Promise<Ground> {
  const connection = connectionFromKubeconfig(readFileSync(inject("kubeconfig"), "utf8"));
  return { connection, close: () => Promise.resolve() };
}
