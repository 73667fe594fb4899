import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createRoot } from "../../../src/trust/root.ts";

/** A validating admission webhook on this machine, which answers as it is told. */
export interface GateWebhook {
  /** `hangs`: it never answers, and the API gives it up after a second. */
  mode: "allows" | "refuses" | "hangs";
  /** Of a ValidatingWebhookConfiguration that asks it of Services of one app. */
  manifest(app: string): object;
  close(): Promise<void>;
}

export const refusal = "no Services on Fridays";

export async function startGateWebhook(): Promise<GateWebhook> {
  const now = Date.now();
  const root = await createRoot({ trustDomain: "quipu.local", now });
  const issuer = await root.issueIntermediate("gate", { now });
  const tls = await issuer.issueServer({ ips: ["127.0.0.1"], now });
  const server = createServer({ key: tls.keyPem, cert: tls.certChainPem }, (incoming, response) => {
    void (async () => {
      const { request } = (await json(incoming)) as { request: { uid: string } };
      if (gate.mode === "hangs") return;
      const answer = {
        ...{ uid: request.uid, allowed: gate.mode === "allows" },
        ...(gate.mode === "refuses" && { status: { message: refusal } }),
      };
      const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(review));
    })().catch(() => response.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const gate: GateWebhook = {
    mode: "refuses",
    manifest: (app) => ({
      ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
      metadata: { name: "gate" },
      webhooks: [
        {
          name: "gate.quipu.example",
          clientConfig: {
            url: `https://127.0.0.1:${port}/review`,
            caBundle: Buffer.from(root.certPem).toString("base64"),
          },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["services"], operations: ["CREATE", "UPDATE"] }],
          objectSelector: { matchLabels: { app } },
          ...{ failurePolicy: "Fail", timeoutSeconds: 1, sideEffects: "None", admissionReviewVersions: ["v1"] },
        },
      ],
    }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return gate;
}
