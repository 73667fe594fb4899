import type { InForce } from "../../src/store/in-force.ts";

/** What the world makes of an image: its tag begins with it. */
export type ImageTruth = "good" | "bad" | "slow" | "never" | "crash";
export const imageTruths: readonly ImageTruth[] = ["good", "bad", "slow", "never", "crash"];

export function imageOf(app: string, truth: ImageTruth, version: number): string {
  return `registry.example/${app}:${truth}-${version}`;
}

export function truthOf(image: string): ImageTruth {
  return imageTruths.find((truth) => image.includes(`:${truth}-`)) ?? "good";
}

/** A timeout below this was mistyped: most answers take longer. */
export const tooShortMs = 10;

export function imageIn(view: InForce, hash: string): string {
  const content = view.snapshots.get(hash);
  return content?.part === "workload" ? content.value.image : "";
}

/** Whether traffic rules make requests fail. */
export function badTraffic(view: InForce, hash: string): boolean {
  const content = view.snapshots.get(hash);
  return content?.part === "traffic" && content.value.timeoutMs > 0 && content.value.timeoutMs < tooShortMs;
}

export function badCalls(view: InForce, hash: string): boolean {
  const content = view.snapshots.get(hash);
  return (
    content?.part === "calls" &&
    Object.values(content.value).some(({ timeoutMs }) => timeoutMs !== undefined && timeoutMs < tooShortMs)
  );
}
