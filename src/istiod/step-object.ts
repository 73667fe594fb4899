/** An object that a step wrote, as the cluster has it. */
export interface StepObject {
  kind: string;
  namespace: string;
  name: string;
  resourceVersion: string;
  spec: unknown;
}

/** `Kind/namespace/name`. */
export function objectId({ kind, namespace, name }: Pick<StepObject, "kind" | "namespace" | "name">): string {
  return `${kind}/${namespace}/${name}`;
}

/** Whether a resource version is the wanted one or a later one. They compare as numbers; what isn't one must be the same. */
export function isNewEnough(found: string | undefined, wanted: string): boolean {
  const numbers = /^\d+$/;
  if (found === undefined) return false;
  return numbers.test(found) && numbers.test(wanted) ? BigInt(found) >= BigInt(wanted) : found === wanted;
}
