import { createHash } from "node:crypto";
import type { PodTemplate } from "../../objects/core.ts";

/** The label that ties pods and their ReplicaSet to one template of a Deployment. */
export const templateHashLabel = "pod-template-hash";

/** Letters that form no words, as Kubernetes uses in generated names. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** JSON with sorted keys and without undefined members, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

/** A template as its owner wrote it, that is without the hash label that the Deployment controller adds. */
function withoutHash(template: PodTemplate): PodTemplate {
  const { [templateHashLabel]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** True when two templates make the same pods. */
export function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonicalJson(withoutHash(a)) === canonicalJson(withoutHash(b));
}

/** Ten letters that name a template; the same template gives the same letters. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash("sha256")
    .update(canonicalJson(withoutHash(template)))
    .digest();
  return safeLetters(digest, 10);
}

/** `count` (at most 32) letters safe in a DNS label, from random or hashed bytes. */
export function safeLetters(bytes: Uint8Array, count: number): string {
  return Array.from(bytes.subarray(0, count), (byte) => alphabet[byte % alphabet.length]).join("");
}
