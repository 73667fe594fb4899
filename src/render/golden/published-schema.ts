import { kinds, type KindName } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";

/** Kinds that Kubernetes itself publishes; the others are Istio's. */
function packageOf(apiVersion: string): string {
  return apiVersion.split("/")[0]!.endsWith(".istio.io") ? "@kubernetes-models/istio" : "kubernetes-models";
}

/** Holds an object against the published schema of its kind. Throws what doesn't fit. */
export async function checkPublishedSchema(object: KubeObject): Promise<void> {
  const { apiVersion } = kinds[object.kind as KindName];
  const module = (await import(`${packageOf(apiVersion)}/${apiVersion}/${object.kind}`)) as Record<string, new (data: unknown) => { validate(): void }>;
  new module[object.kind]!(object).validate();
}
