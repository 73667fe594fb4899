import type { KubeClient } from "../../src/kube/kube-client.ts";
import type { Service } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { appName, segmentOf } from "./apps.ts";

/** Somebody makes an app's Service select nothing; ms from the API's answer to that until the cluster has it right again. */
export async function handEdit(admin: KubeClient, app: number): Promise<number> {
  const ref = { namespace: segmentOf(app), name: appName(app) };
  const edited = await admin.patch<Service>(
    kinds.Service,
    ref,
    [{ op: "replace", path: "/spec/selector/app", value: "nobody" }],
    "json",
    { fieldManager: "somebody" },
  );
  const began = performance.now();
  const events = admin.watch<Service>(kinds.Service, {
    ...{ namespace: ref.namespace, fieldSelector: `metadata.name=${ref.name}`, timeoutSeconds: 600 },
    resourceVersion: edited.metadata.resourceVersion!,
    signal: AbortSignal.timeout(600_000),
  });
  for await (const { type, object } of events)
    if (type === "MODIFIED" && object.spec?.selector?.["app"] === ref.name) return performance.now() - began;
  throw new Error(`${ref.name} wasn't healed within 10 minutes`);
}
