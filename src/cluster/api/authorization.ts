import { ApiError } from "./api-error.ts";
import type { UserInfo } from "./tokens.ts";

/** What a request wants, as `resourceAttributes` or `nonResourceAttributes` of a SubjectAccessReview. */
export interface Attributes {
  verb: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  path?: string;
}

export const anonymous: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };
const everyone = /^\/(version|healthz|livez|readyz)(\/|$)/;
const signedIn = /^\/(api|apis|openapi|\.well-known|openid)(\/|$)/;
const ofOneself = new Set(["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]);

/**
 * The whole policy of an embedded cluster: members of `system:masters` may do everything; others who are signed in
 * (pods by their service account) may read the discovery documents and ask about themselves; anybody may read
 * the version and health. There are no roles to bind.
 */
export function authorize(user: UserInfo, { verb, group, resource, path }: Attributes): boolean {
  if (user.groups.includes("system:masters")) return true;
  if (path !== undefined && everyone.test(path)) return verb === "get";
  if (!user.groups.includes("system:authenticated")) return false;
  if (path !== undefined) return verb === "get" && signedIn.test(path);
  return (
    verb === "create" &&
    (group === "authorization.k8s.io" || group === "authentication.k8s.io") &&
    ofOneself.has(resource ?? "")
  );
}

/** @throws ApiError 401 for nobody, 403 for somebody, worded as Kubernetes does. */
export function demand(user: UserInfo, attributes: Attributes): void {
  if (authorize(user, attributes)) return;
  if (user.groups.includes("system:unauthenticated")) throw new ApiError(401, "Unauthorized", "Unauthorized");
  const { verb, group = "", resource, subresource, namespace, name, path } = attributes;
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (resource === undefined)
    throw new ApiError(403, "Forbidden", `forbidden: ${who} path ${JSON.stringify(path)}`, {});
  const full = `${resource}${group === "" ? "" : `.${group}`}`;
  const where = namespace === undefined ? " at the cluster scope" : ` in the namespace ${JSON.stringify(namespace)}`;
  throw new ApiError(
    403,
    "Forbidden",
    `${full}${name === undefined ? "" : ` ${JSON.stringify(name)}`} is forbidden: ${who} resource ${JSON.stringify(subresource === undefined ? resource : `${resource}/${subresource}`)} in API group ${JSON.stringify(group)}${where}`,
    { ...(name === undefined ? {} : { name }), group, kind: resource },
  );
}
