import { Problem } from "../model/problem.ts";
import { RevisionConflict } from "../store/store-error.ts";
import type { Store, WriteTx } from "../store/store.ts";
import { refusal, type Action, type Principal, type Subject } from "./grants.ts";

export function require(principal: Principal, action: Action, subject: Subject): void {
  const roles = refusal(principal, action, subject);
  if (roles === undefined) return;
  const what = subject.name === undefined ? subject.kind : `${subject.kind}/${subject.name}`;
  throw new Problem("forbidden", `${principal.name} may not ${action} ${what}.`, {
    found:
      principal.grants
        .map((grant) =>
          [grant.role, grant.team, grant.segment, grant.cluster].filter((part) => part !== undefined).join(" of "),
        )
        .join(", ") || "no role",
    accepted: roles.join(", "),
    subject: what,
  });
}

/** What a mutation says of itself for the audit trail. */
export interface Audited<T> {
  result: T;
  subject: string;
  before?: unknown;
  after?: unknown;
  /** Nothing changed: no record. */ unchanged?: boolean;
}

/**
 * The one way to change anything on somebody's behalf: the change and its audit record in one transaction. With `dryRun`
 * everything is done and then undone.
 */
export async function mutate<T>(
  store: Store,
  principal: Principal,
  what: string,
  { why, dryRun = false }: { why?: string | undefined; dryRun?: boolean | undefined },
  work: (tx: WriteTx) => Promise<Audited<T>>,
): Promise<T> {
  try {
    return await store.write(async (tx) => {
      const { result, subject, before, after, unchanged = false } = await work(tx);
      if (dryRun) throw new Undo(result);
      if (!unchanged)
        await tx.appendAudit({ who: principal.name, what, subject, before, after, ...(why !== undefined && { why }) });
      return result;
    });
  } catch (error) {
    if (error instanceof Undo) return error.result as T;
    if (error instanceof RevisionConflict) {
      throw new Problem(
        "revision-conflict",
        error.actual === undefined
          ? `${error.subject} doesn't exist, but revision ${error.expected} was expected.`
          : error.expected === 0
            ? `${error.subject} exists already, at revision ${error.actual}.`
            : `${error.subject} is at revision ${error.actual}, not at ${error.expected} any more.`,
        {
          field: "If-Match",
          found: error.expected,
          accepted: error.actual === undefined ? "no If-Match, or If-None-Match: *" : `"${error.actual}"`,
          subject: error.subject,
          cause: error,
        },
      );
    }
    throw error;
  }
}

class Undo extends Error {
  readonly result: unknown;
  constructor(result: unknown) {
    super("undone");
    this.result = result;
  }
}
