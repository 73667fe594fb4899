/** Why a store can't go on: the process that holds it has to stop and say so. */
export type StoreFailureCode =
  | "store-corrupt"
  | "store-full"
  | "store-unreadable"
  | "store-missing"
  | "store-in-use"
  | "store-newer"
  | "store-replaced"
  | "store-unsupported";

/** The store itself is broken or can't take more; nothing that was asked of it has been half done. */
export class StoreFailure extends Error {
  override readonly name = "StoreFailure";
  readonly code: StoreFailureCode;
  constructor(code: StoreFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The database can't be reached for now; the store goes on by itself when it can. Nothing of a read or a write that ended in
 * this is left, but where `committed` is "unknown": then the connection was lost while the commit was under way, and stayed lost.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly committed: "no" | "unknown";
  constructor(message: string, committed: "no" | "unknown" = "no") {
    super(message);
    this.committed = committed;
  }
}

/** Another writer was first: the revision that was expected isn't the one that stands there. */
export class RevisionConflict extends Error {
  override readonly name = "RevisionConflict";
  readonly subject: string;
  /** 0: was expected not to exist. */
  readonly expected: number;
  /** undefined: it doesn't exist. */
  readonly actual: number | undefined;
  constructor(subject: string, expected: number, actual: number | undefined) {
    super(`${subject} is at revision ${actual ?? "none"}, not ${expected}`);
    this.subject = subject;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that a process can't work around. */
const sqliteCodes: Record<number, StoreFailureCode> = {
  5: "store-in-use",
  8: "store-unreadable",
  10: "store-full",
  11: "store-corrupt",
  13: "store-full",
  14: "store-unreadable",
  26: "store-corrupt",
};

/** What an error of SQLite means for the whole store; undefined when it concerns one statement only. */
export function asStoreFailure(error: unknown, path: string): StoreFailure | undefined {
  if (error instanceof StoreFailure) return error;
  const errcode = (error as { errcode?: number } | null)?.errcode;
  if (typeof errcode !== "number") return undefined;
  const code = sqliteCodes[errcode & 0xff];
  if (code === undefined) return undefined;
  const said = (error as { errstr?: string }).errstr ?? (error as Error).message;
  const advice: Record<StoreFailureCode, string> = {
    "store-corrupt": "It is damaged. Put a backup in its place; nothing was changed or begun anew.",
    "store-full": "The disk (or a size limit) takes no more. Make room and start again; what was under way was undone.",
    "store-unreadable": "Check the folder's owner, rights and the disk.",
    "store-missing": "",
    "store-in-use": "Another server holds it. Stop that one first.",
    "store-newer": "",
    "store-replaced": "",
    "store-unsupported": "",
  };
  return new StoreFailure(code, `The store ${path} can't be used: ${said}. ${advice[code]}`, error);
}
