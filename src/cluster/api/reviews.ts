import { kinds } from "../../objects/kinds.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { Pod } from "../../objects/core.ts";
import { badRequest, conflict, notFound } from "./api-error.ts";
import { reviewToken, type Auth } from "./authentication.ts";
import { authorize, type Attributes } from "./authorization.ts";
import type { ObjectStore } from "./object-store.ts";
import type { UserInfo } from "./tokens.ts";

type Review = { spec?: Record<string, unknown>; metadata?: unknown };

const answer = (apiVersion: string, kind: string, review: Review, status: unknown): Record<string, unknown> => ({
  apiVersion,
  kind,
  metadata: review.metadata ?? {},
  ...(review.spec === undefined ? {} : { spec: review.spec }),
  status,
});

/** The virtual resources of authentication.k8s.io and authorization.k8s.io, by path. Undefined: no such one. */
export async function review(pathname: string, body: unknown, user: UserInfo, auth: Auth): Promise<unknown> {
  const given = (typeof body === "object" && body !== null ? body : {}) as Review;
  switch (pathname) {
    case "/apis/authentication.k8s.io/v1/tokenreviews": {
      const { token, audiences } = (given.spec ?? {}) as { token?: unknown; audiences?: string[] };
      if (typeof token !== "string" || token === "") throw badRequest("spec.token is required");
      return answer(
        "authentication.k8s.io/v1",
        "TokenReview",
        given,
        await reviewToken(auth, token, audiences?.length ? audiences : undefined),
      );
    }
    case "/apis/authentication.k8s.io/v1/selfsubjectreviews":
      return answer("authentication.k8s.io/v1", "SelfSubjectReview", given, { userInfo: user });
    case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
      return answer("authorization.k8s.io/v1", "SelfSubjectAccessReview", given, decide(user, given.spec));
    case "/apis/authorization.k8s.io/v1/subjectaccessreviews": {
      const { user: username = "", groups = [] } = (given.spec ?? {}) as { user?: string; groups?: string[] };
      return answer("authorization.k8s.io/v1", "SubjectAccessReview", given, decide({ username, groups }, given.spec));
    }
    default:
      return undefined;
  }
}

function decide(user: UserInfo, spec: Record<string, unknown> | undefined): { allowed: boolean; reason: string } {
  const attributes = (spec?.["resourceAttributes"] ?? spec?.["nonResourceAttributes"]) as Attributes | undefined;
  if (attributes === undefined)
    throw badRequest("spec: exactly one of resourceAttributes and nonResourceAttributes is required");
  const allowed = authorize(user, attributes);
  return { allowed, reason: allowed ? "" : "only members of system:masters may do this in an embedded cluster" };
}

/** `POST …/serviceaccounts/NAME/token`. @throws ApiError 404 for the account or pod, 409 for a pod of another uid or account. */
export async function tokenRequest(
  store: ObjectStore,
  auth: Auth,
  namespace: string,
  name: string,
  body: unknown,
): Promise<unknown> {
  const given = (typeof body === "object" && body !== null ? body : {}) as Review;
  const { audiences, expirationSeconds, boundObjectRef } = (given.spec ?? {}) as {
    audiences?: string[];
    expirationSeconds?: number;
    boundObjectRef?: { kind?: string; name?: string; uid?: string };
  };
  let pod: { name: string; uid: string } | undefined;
  if (boundObjectRef !== undefined) {
    if (boundObjectRef.kind !== "Pod")
      throw badRequest(`spec.boundObjectRef.kind: ${JSON.stringify(boundObjectRef.kind)} is not supported, Pod is`);
    const found: KubeObject | undefined = store.get<Pod>(kinds.Pod, namespace, boundObjectRef.name ?? "");
    if (found === undefined) throw notFound(kinds.Pod, boundObjectRef.name ?? "");
    if (boundObjectRef.uid && boundObjectRef.uid !== found.metadata.uid)
      throw conflict(
        kinds.Pod,
        found.metadata.name,
        `the UID in the bound object reference (${boundObjectRef.uid}) does not match the UID in record (${found.metadata.uid})`,
      );
    if (((found as Pod).spec?.serviceAccountName ?? "default") !== name)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(name)} to pod running with different serviceaccount name`,
      );
    pod = { name: found.metadata.name, uid: found.metadata.uid! };
  }
  const issued = await auth.podTokens.issueFor(namespace, name, {
    ...(audiences?.length ? { audiences } : {}),
    ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    ...(pod === undefined ? {} : { pod }),
  });
  return {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { name, namespace },
    spec: {
      audiences: audiences ?? [auth.podTokens.issuer],
      expirationSeconds: expirationSeconds ?? 86_400,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: issued,
  };
}
