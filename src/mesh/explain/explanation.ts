/** One thing that a request meets on its way. */
export interface Step {
  /** Whose proxy: `service account.namespace`. */
  readonly proxy: string;
  /** The kind of thing, such as `listener`, `route`, `cluster`, `authorization`. */
  readonly what: string;
  /** Its name there: a listener's, a route's, a cluster's, a policy's. */
  readonly rule: string;
  /** The Istio object that it comes from (`Kind/namespace/name`), when the Envoy resource says so. */
  readonly object?: string;
  /** In plain words: what it does to this request. */
  readonly detail: string;
}

export interface Outcome {
  /** What the caller gets. 0: no answer at all, the connection is closed. */
  readonly status: number;
  /** Envoy's response flag (Envoy, "Access logging", RESPONSE_FLAGS): UT, UO, UH, UF, NR and so on. */
  readonly flag?: string;
  /** Who answers: a proxy as in `Step`, or `the app` of one. */
  readonly by: string;
  /** The rule that decides, as in `Step`. */
  readonly rule?: string;
  readonly object?: string;
  /** The cluster of the first proxy that the answer came through, when it came through one. */
  readonly cluster?: string;
  /** One sentence for people, beginning with the status. */
  readonly reason: string;
}

export interface Alternative {
  /** Of 1; an estimate where a load balancer or a percentage decides. */
  readonly chance: number;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
}

/** What happens to one request. Where weights, percentages or a choice of endpoints decide, there are several ways. */
export interface Explanation {
  /** The likeliest. */
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  /** All ways with different outcomes, likeliest first; the first is the one above. */
  readonly alternatives: readonly Alternative[];
  /** What couldn't be told from the configuration, in words. Empty: nothing. */
  readonly unknown: readonly string[];
}
