import type { Transport } from "../kube/transport.ts";
import { identityOf } from "../mesh/identity/token-review.ts";
import type { ReviewToken, TokenReviewStatus } from "../mesh/identity/token-review.ts";

/** Asks the Kubernetes API whose token it is (authentication.k8s.io/v1 TokenReview). */
export function tokenReviewer(transport: Transport): ReviewToken {
  return async (token) => {
    const body = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } });
    const answer = await transport.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body,
      contentType: "application/json",
    });
    return identityOf((JSON.parse(answer.body) as { status?: TokenReviewStatus }).status);
  };
}
