import type { Role } from "../model/team.ts";

/** A role, and what it is limited to: a developer to a team's apps, an approver to a segment, an agent to its cluster. */
export interface Grant {
  role: Role | "artifacts" | "agent";
  team?: string;
  segment?: string;
  cluster?: string;
}

/** Who asks. */
export interface Principal {
  name: string;
  via: "token" | "session";
  tokenId: string;
  grants: readonly Grant[];
}

export type Action =
  | "read"
  | "write"
  | "delete"
  | "deploy"
  | "upload"
  | "download"
  | "abort"
  | "kubeconfig"
  | "enrol"
  | "work"
  | "tokens"
  | "audit";
export interface Subject {
  kind: string;
  name?: string;
  team?: string;
  segment?: string;
}

/** Roles that may do something to a kind, beside admin, who may do everything. */
const rules: readonly { actions: readonly Action[]; kinds: readonly string[]; roles: readonly Grant["role"][] }[] = [
  { actions: ["read"], kinds: ["*"], roles: ["viewer", "developer", "approver", "operator"] },
  { actions: ["write", "delete", "deploy", "abort"], kinds: ["App"], roles: ["developer", "operator"] },
  { actions: ["upload"], kinds: ["Artifact"], roles: ["developer", "operator"] },
  { actions: ["download"], kinds: ["Artifact"], roles: ["artifacts", "developer", "operator"] },
  { actions: ["write", "delete"], kinds: ["Cluster", "Window"], roles: ["operator"] },
  { actions: ["kubeconfig", "enrol"], kinds: ["Cluster"], roles: ["operator"] },
  { actions: ["work"], kinds: ["Cluster"], roles: ["agent"] },
  { actions: ["audit"], kinds: ["*"], roles: ["approver", "operator"] },
];

/** Undefined when it is allowed; else the roles that would be. Pure. */
export function refusal(principal: Pick<Principal, "grants">, action: Action, subject: Subject): string[] | undefined {
  if (principal.grants.some((grant) => grant.role === "admin")) return undefined;
  const roles = rules
    .filter((rule) => rule.actions.includes(action) && (rule.kinds.includes(subject.kind) || rule.kinds.includes("*")))
    .flatMap((rule) => rule.roles);
  const held = principal.grants.some((grant) => roles.includes(grant.role) && covers(grant, action, subject));
  return held
    ? undefined
    : [...new Set([...roles, "admin"])].map((role) =>
        role === "developer" && subject.team !== undefined ? `developer of ${subject.team}` : role,
      );
}

function covers(grant: Grant, action: Action, subject: Subject): boolean {
  if (action === "read" || action === "upload" || action === "download") return true;
  if (grant.cluster !== undefined && (subject.kind !== "Cluster" || subject.name !== grant.cluster)) return false;
  if (grant.team !== undefined && subject.team !== grant.team) return false;
  return grant.segment === undefined || subject.segment === grant.segment;
}
