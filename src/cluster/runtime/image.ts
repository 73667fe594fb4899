import { isAbsolute } from "node:path";
import { PodProblem } from "./pod-problem.ts";

export type ImageSource = { kind: "artifact"; digest: string } | { kind: "folder"; path: string };

/** `quipu.local/APP@sha256:DIGEST`, or `file:/folder` where local images are allowed. Throws PodProblem InvalidImageName. */
export function parseImage(image: string, localImages: boolean): ImageSource {
  const artifact = /^quipu\.local\/[a-z0-9-]+@sha256:([0-9a-f]{64})$/.exec(image);
  if (artifact?.[1] !== undefined) return { kind: "artifact", digest: artifact[1] };
  const path = image.startsWith("file:") ? image.slice("file:".length) : undefined;
  if (path !== undefined && localImages && isAbsolute(path)) return { kind: "folder", path };
  throw new PodProblem(
    "InvalidImageName",
    `image "${image}" can't run here; an embedded cluster runs artifacts: quipu.local/APP@sha256:DIGEST (quipu deploy APP --from DIR makes one)`,
    false,
  );
}
