/** An object of ours that somebody else changed or deleted, as a cluster's worker tells it. */
export interface DriftedObject {
  /** As people read it: `Deployment money/checkout-r4`. */
  object: string;
  /** Whose it is. Absent: no single app's. */
  app?: string;
  /** It was deleted, so that there are no fields to be told. */
  deleted?: true;
  fields: readonly DriftedField[];
  /** Fields for which there was no room. */
  more?: number;
  /** Who did it, as far as the object tells (its `managedFields`). */
  managers: readonly string[];
  /** Unix ms: when it was seen. */
  at: number;
  /** How often the same was seen, from 2 on: somebody does it again and again. */
  times?: number;
  /** Unix ms: since when it is as it should be again. Absent: it waits. */
  healedAt?: number;
  /** Why it waits. */
  waits?: string;
}

/** Values are JSON, cut when they are long. Absent: there was, or shall be, no such field. */
export interface DriftedField {
  /** As Kubernetes prints it: `.spec.ports[port=80].name`. */
  field: string;
  found?: string;
  wanted?: string;
  /** Who holds the field now. */
  managers?: readonly string[];
}
