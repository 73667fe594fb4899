/** What a pod's token proves, as the Kubernetes API says (TokenReview, `status.user` of a token bound to a pod). */
export interface TokenIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly podName: string;
  readonly podUid: string;
}

/** Undefined: the token is no good. Rejects when the API can't be asked, which says nothing about the token. */
export type ReviewToken = (token: string) => Promise<TokenIdentity | undefined>;

/** The part of a TokenReview's status that is read. */
export interface TokenReviewStatus {
  authenticated?: boolean;
  user?: { username?: string; extra?: Record<string, string[]> };
}

/**
 * The pod behind a reviewed token. Undefined unless it is authenticated, a service account's, and bound to a pod
 * (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens).
 */
export function identityOf(status: TokenReviewStatus | undefined): TokenIdentity | undefined {
  if (!status?.authenticated) return undefined;
  const [, namespace, serviceAccount] =
    /^system:serviceaccount:([^:]+):([^:]+)$/.exec(status.user?.username ?? "") ?? [];
  const podName = status.user?.extra?.["authentication.kubernetes.io/pod-name"]?.[0];
  const podUid = status.user?.extra?.["authentication.kubernetes.io/pod-uid"]?.[0];
  if (!namespace || !serviceAccount || !podName || !podUid) return undefined;
  return { namespace, serviceAccount, podName, podUid };
}

/**
 * Remembers good answers for `ttlMs`, so that a thousand proxies that reconnect at once, and again, don't each cost a
 * request. Refusals aren't kept: a token may become good while its pod is being recorded. Nor does an answer count any
 * more once its pod isn't `known`: a deleted pod's token is asked about again, and refused, at once.
 */
export function cachedReview(
  review: ReviewToken,
  options: { ttlMs: number; now: () => number; known: (identity: TokenIdentity) => boolean; entries?: number },
): ReviewToken {
  const kept = new Map<string, { until: number; answer: Promise<TokenIdentity | undefined> }>();
  const ask = (token: string, now: number): Promise<TokenIdentity | undefined> => {
    for (const [old, { until }] of kept) {
      if (until > now && kept.size < (options.entries ?? 50_000)) break;
      kept.delete(old);
    }
    const answer = review(token);
    const entry = { until: now + options.ttlMs, answer };
    kept.delete(token);
    kept.set(token, entry);
    const forget = (): void => {
      if (kept.get(token) === entry) kept.delete(token);
    };
    answer.then((identity) => identity ?? forget(), forget);
    return answer;
  };
  return async (token) => {
    const now = options.now();
    const hit = kept.get(token);
    if (hit === undefined || hit.until <= now) return ask(token, now);
    const identity = await hit.answer;
    return identity === undefined || options.known(identity) ? identity : ask(token, now);
  };
}
