import {
  SignJWT,
  createLocalJWKSet,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  jwtVerify,
  type JWK,
  type JWTPayload,
} from "jose";
import { createPublicKey, randomUUID, type webcrypto } from "node:crypto";
import type { Pod } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import { notFound } from "./api-error.ts";
import type { ObjectStore } from "./object-store.ts";
import { timestamp } from "./timestamp.ts";

/** Who makes a request: `UserInfo` of authentication.k8s.io/v1. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}
/** `status` of a TokenReview. */
export interface TokenReviewStatus {
  authenticated: boolean;
  user?: UserInfo;
  audiences?: string[];
  error?: string;
}
export interface IssuedToken {
  token: string;
  expirationTimestamp: string;
}
export interface IssueOptions {
  /** Default: the issuer itself, which is the audience of this API. */
  audiences?: readonly string[];
  /** Default 1 day; at least 10 minutes, as in Kubernetes, and at most 1 year. */
  expirationSeconds?: number;
}
interface KubernetesClaim {
  namespace: string;
  serviceaccount: { name: string; uid: string };
  pod?: { name: string; uid: string };
}

const algorithm = "ES256";

/** A new signing key as PKCS #8 PEM, for whoever keeps it. */
export async function generateSigningKey(): Promise<string> {
  return exportPKCS8((await generateKeyPair(algorithm, { extractable: true })).privateKey);
}

/**
 * Bound service-account tokens as Kubernetes issues them (reference "Managing Service Accounts", bound tokens):
 * JWTs that count only as long as the very pod (by uid) and service account they name exist.
 */
export class PodTokens {
  readonly #store: ObjectStore;
  readonly #now: () => Date;
  readonly #key: webcrypto.CryptoKey;
  readonly issuer: string;
  readonly jwk: JWK;
  readonly #keys: ReturnType<typeof createLocalJWKSet>;

  private constructor(store: ObjectStore, now: () => Date, key: webcrypto.CryptoKey, issuer: string, jwk: JWK) {
    this.#store = store;
    this.#now = now;
    this.#key = key;
    this.issuer = issuer;
    this.jwk = jwk;
    this.#keys = createLocalJWKSet({ keys: [jwk] });
  }

  /** `signingKey`: PKCS #8 PEM of a P-256 key, from generateSigningKey. */
  static async create({
    store,
    now,
    signingKey,
    issuer,
  }: {
    store: ObjectStore;
    now: () => Date;
    signingKey: string;
    issuer: string;
  }): Promise<PodTokens> {
    const key = await importPKCS8(signingKey, algorithm);
    const jwk = await exportJWK(createPublicKey(signingKey));
    return new PodTokens(store, now, key, issuer, { ...jwk, alg: algorithm, use: "sig", kid: "1" });
  }

  /** For the pod's own use, and gone with it. @throws ApiError 404 when its service account doesn't exist. */
  issue(pod: Pod, options: IssueOptions = {}): Promise<IssuedToken> {
    const { namespace, name, uid } = pod.metadata;
    return this.issueFor(namespace!, pod.spec?.serviceAccountName ?? "default", {
      ...options,
      pod: { name, uid: uid! },
    });
  }

  async issueFor(
    namespace: string,
    serviceAccount: string,
    {
      audiences = [this.issuer],
      expirationSeconds = 86_400,
      pod,
    }: IssueOptions & { pod?: { name: string; uid: string } } = {},
  ): Promise<IssuedToken> {
    const account = this.#store.get(kinds.ServiceAccount, namespace, serviceAccount);
    if (account === undefined) throw notFound(kinds.ServiceAccount, serviceAccount);
    const issued = Math.floor(this.#now().getTime() / 1000);
    const expires = issued + Math.min(Math.max(expirationSeconds, 600), 31_536_000);
    const claim: KubernetesClaim = {
      namespace,
      ...(pod === undefined ? {} : { pod }),
      serviceaccount: { name: serviceAccount, uid: account.metadata.uid! },
    };
    const token = await new SignJWT({ "kubernetes.io": claim })
      .setProtectedHeader({ alg: algorithm, kid: this.jwk.kid! })
      .setIssuer(this.issuer)
      .setSubject(`system:serviceaccount:${namespace}:${serviceAccount}`)
      .setAudience([...audiences])
      .setIssuedAt(issued)
      .setNotBefore(issued)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(this.#key);
    return { token, expirationTimestamp: timestamp(new Date(expires * 1000)) };
  }

  /** What a TokenReview answers. Never throws for a bad token: `authenticated` is false and `error` says why. */
  async review(token: string, audiences: readonly string[] = [this.issuer]): Promise<TokenReviewStatus> {
    const refused = (error: string): TokenReviewStatus => ({ authenticated: false, error });
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#keys, {
        issuer: this.issuer,
        algorithms: [algorithm],
        currentDate: this.#now(),
      }));
    } catch (error) {
      return refused(`invalid bearer token: ${(error as Error).message}`);
    }
    const own = typeof payload.aud === "string" ? [payload.aud] : (payload.aud ?? []);
    const common = audiences.filter((audience) => own.includes(audience));
    if (common.length === 0)
      return refused(
        `token audiences ${JSON.stringify(own)} is invalid for the target audiences ${JSON.stringify(audiences)}`,
      );
    const { namespace, serviceaccount, pod } = payload["kubernetes.io"] as KubernetesClaim;
    const account = this.#store.get(kinds.ServiceAccount, namespace, serviceaccount.name);
    if (account?.metadata.uid !== serviceaccount.uid)
      return refused(`service account ${namespace}/${serviceaccount.name} has been deleted`);
    if (pod !== undefined) {
      const live = this.#store.get<Pod>(kinds.Pod, namespace, pod.name);
      if (live?.metadata.uid !== pod.uid) return refused(`pod ${namespace}/${pod.name} has been deleted`);
      const { deletionTimestamp } = live.metadata;
      // A minute's leeway after the grace period, as in Kubernetes.
      if (deletionTimestamp !== undefined && Date.parse(deletionTimestamp) + 60_000 < this.#now().getTime())
        return refused(`pod ${namespace}/${pod.name} has been deleted`);
    }
    const node = pod && this.#store.get<Pod>(kinds.Pod, namespace, pod.name)?.spec?.nodeName;
    return {
      authenticated: true,
      user: {
        username: payload.sub!,
        uid: serviceaccount.uid,
        groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": [`JTI=${payload.jti}`],
          ...(node ? { "authentication.kubernetes.io/node-name": [node] } : {}),
          ...(pod === undefined
            ? {}
            : {
                "authentication.kubernetes.io/pod-name": [pod.name],
                "authentication.kubernetes.io/pod-uid": [pod.uid],
              }),
        },
      },
      audiences: common,
    };
  }
}
