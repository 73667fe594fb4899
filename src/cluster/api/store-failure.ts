/** The cluster's store can't be used (any more); nothing that was asked of it has been half done. Its process has to stop and say so. */
export class StoreFailure extends Error {
  readonly code: "store-corrupt" | "store-full" | "store-unreadable";
  constructor(code: StoreFailure["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreFailure";
    this.code = code;
  }
}

export class CorruptStore extends StoreFailure {
  constructor(path: string, found: string, cause?: unknown) {
    super(
      "store-corrupt",
      `the cluster's store ${path} is damaged: ${found}. It is not used and not replaced; restore its folder from a copy, or move it away to start this cluster empty`,
      cause,
    );
    this.name = "CorruptStore";
  }
}

/** What an error of SQLite means for the whole store (https://www.sqlite.org/rescode.html); undefined when it concerns one statement only. */
export function asStoreFailure(error: unknown, path: string): StoreFailure | undefined {
  if (error instanceof StoreFailure) return error;
  const errcode = (error as { errcode?: number } | null)?.errcode;
  if (typeof errcode !== "number") return undefined;
  const { message } = error as Error;
  switch (errcode & 0xff) {
    case 10: // SQLITE_IOERR: also a write beyond a limit of the file's size
    case 13: // SQLITE_FULL
      return new StoreFailure(
        "store-full",
        `the cluster's store ${path} can't be written: ${message}. Make room on the disk (or raise the size limit) and start again; what was under way was undone, pods go on`,
        error,
      );
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      return new StoreFailure(
        "store-unreadable",
        `the cluster's store ${path} can't be used: ${message}. Check the owner and rights of its folder, and the disk`,
        error,
      );
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new CorruptStore(path, message, error);
    default:
      return undefined;
  }
}
