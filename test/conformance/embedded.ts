import { readFileSync } from "node:fs";
import { startTestServer } from "../../src/cluster/api/testing-server.ts";
import { connectionFromKubeconfig } from "../../src/kube/kubeconfig.ts";
import type { Ground } from "./ground.ts";

/** The embedded cluster's API over HTTPS, without pods. */
export async function embeddedGround(): Promise<Ground> {
  const api = await startTestServer();
  const path = api.kubeconfig();
  // The way of a user: the kubeconfig's own words, here with a client certificate.
  const { token: _, ...rest } = connectionFromKubeconfig(readFileSync(path, "utf8"), { path });
  const certificate = await api.clientCertificate("conformance", ["system:masters"]);
  return { connection: { ...rest, ...certificate }, close: () => api.stop() };
}
