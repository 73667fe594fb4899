import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { EnvoyFilterSpec } from "../../objects/istio.ts";

export type ConfigPatch = NonNullable<EnvoyFilterSpec["configPatches"]>[number];
export type ApplyTo = ConfigPatch["applyTo"];
export type PatchContext = "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY";

/** A patch with its value decoded to the message that it patches. */
export interface Patch {
  readonly applyTo: ApplyTo;
  readonly operation: ConfigPatch["patch"]["operation"];
  readonly match: NonNullable<ConfigPatch["match"]>;
  /** Undefined for REMOVE. */
  readonly value: unknown;
}

/** A condition of a match; as in protobuf, empty and zero are the same as absent. */
export function isWanted<T extends string | number>(wanted: T | undefined, found: T): boolean {
  return wanted === undefined || wanted === "" || wanted === 0 || wanted === found;
}

/** The value of a patch whose `applyTo` is that of the schema. */
export function valueOf<D extends DescMessage>(patch: Patch, _schema: D): MessageShape<D> {
  return patch.value as MessageShape<D>;
}
