import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { ApiError } from "./api-error.ts";
import { anonymous } from "./authorization.ts";
import type { PodTokens, TokenReviewStatus, UserInfo } from "./tokens.ts";

/** Who is who. Client certificates signed by the server's CA count by themselves: CN is the user, each O a group. */
export interface Auth {
  /** Static bearer tokens and whom they stand for, as in a kube-apiserver's token file. */
  tokens: readonly { token: string; user: UserInfo }[];
  podTokens: PodTokens;
}

/** A token of the group that may do everything. */
export function adminToken(token: string, username = "admin"): Auth["tokens"][number] {
  return { token, user: { username, groups: ["system:masters", "system:authenticated"] } };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** As a TokenReview answers it, for static and pods' tokens. */
export async function reviewToken(
  auth: Auth,
  token: string,
  audiences?: readonly string[],
): Promise<TokenReviewStatus> {
  const given = digest(token);
  const known = auth.tokens.find((entry) => timingSafeEqual(digest(entry.token), given));
  if (known !== undefined) return { authenticated: true, user: known.user, audiences: [auth.podTokens.issuer] };
  return auth.podTokens.review(token, audiences);
}

/**
 * Who asks. With `Impersonate-User` (kubectl --as) an administrator is taken for somebody else.
 * @throws ApiError 401 for a token or certificate that doesn't count, 403 for an impersonation that isn't allowed.
 * Without token and certificate it is the anonymous user.
 */
export async function authenticate(auth: Auth, request: IncomingMessage): Promise<UserInfo> {
  const user = await authenticateItself(auth, request);
  const username = [request.headers["impersonate-user"]].flat()[0];
  if (username === undefined) return user;
  if (!user.groups.includes("system:masters"))
    throw new ApiError(
      403,
      "Forbidden",
      `users ${JSON.stringify(username)} is forbidden: User ${JSON.stringify(user.username)} cannot impersonate resource "users" in API group "" at the cluster scope`,
      { name: username, kind: "users" },
    );
  // Node joins repeated headers by commas, which group names can't hold.
  const groups = [request.headers["impersonate-group"] ?? []]
    .flat()
    .flatMap((value) => value.split(","))
    .map((group) => group.trim());
  const namespace = /^system:serviceaccount:([^:]+):/.exec(username)?.[1];
  return {
    username,
    groups: [
      ...groups,
      ...(namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]),
      "system:authenticated",
    ],
  };
}

async function authenticateItself(auth: Auth, request: IncomingMessage): Promise<UserInfo> {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
    const review = token === undefined ? undefined : await reviewToken(auth, token);
    if (review?.authenticated !== true) throw new ApiError(401, "Unauthorized", "Unauthorized");
    return review.user!;
  }
  const socket = request.socket as TLSSocket;
  const certificate = typeof socket.getPeerCertificate === "function" ? socket.getPeerCertificate() : undefined;
  if (certificate === undefined || Object.keys(certificate).length === 0) return anonymous;
  if (!socket.authorized) {
    const found = String(socket.authorizationError);
    const why = found === "CERT_HAS_EXPIRED" ? `the client certificate has expired, on ${certificate.valid_to}` : found;
    throw new ApiError(401, "Unauthorized", `Unauthorized: ${why}`);
  }
  const username = [certificate.subject?.CN].flat()[0];
  // A workload's certificate has no common name: it is nobody here, even when the same CA has signed it.
  if (!username) throw new ApiError(401, "Unauthorized", "Unauthorized: the client certificate has no common name");
  const organizations = certificate.subject.O;
  const groups = organizations === undefined ? [] : Array.isArray(organizations) ? organizations : [organizations];
  return { username, groups: [...groups, "system:authenticated"] };
}
