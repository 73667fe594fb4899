import type { LaneStep, Stage } from "../rollout/program.ts";

const labels: Record<(LaneStep | Stage)["do"], string> = {
  create: "pods",
  subset: "subset",
  scale: "more pods",
  weight: "weight",
  pause: "pause",
  traffic: "traffic rules",
  rescale: "replicas",
  settle: "takes over",
  remove: "old one removed",
  close: "no route",
  clear: "no subset",
  delete: "removed",
  recreate: "old pods again",
  resubset: "old subset again",
  back: "all to the old one",
  unsubset: "no subset",
  discard: "removed",
  admit: "admitted",
  open: "calls open",
  wave: "wave",
  switch: "edges switched",
  narrow: "sets narrowed",
  unwave: "wave taken back",
  shut: "calls closed",
  restore: "sets restored",
};

/** A step in a word or two. */
export function labelOf(step: LaneStep | Stage): string {
  if (step.do === "weight") return `${step.weight} %`;
  if (step.do === "wave" || step.do === "unwave") return `${labels[step.do]} ${step.wave + 1}`;
  return labels[step.do];
}
