import pg from "pg";
import { Problem } from "../model/problem.ts";
import { StoreFailure, StoreUnavailable, type StoreFailureCode } from "./store-error.ts";

/** SQLSTATEs (https://www.postgresql.org/docs/15/errcodes-appendix.html), longest prefix first, that another try can't mend. */
const failures: readonly (readonly [prefix: string, code: StoreFailureCode, advice: string])[] = [
  ["XX001", "store-corrupt", "It is damaged. Put a backup in its place."],
  ["XX002", "store-corrupt", "An index is damaged: REINDEX it, or put a backup in its place."],
  ["53100", "store-full", "Its disk takes no more. Make room and start again; what was under way was undone."],
  ["28", "store-unreadable", "Check the user and the password (the URL's, PGPASSWORD or ~/.pgpass) and pg_hba.conf."],
  ["3D000", "store-missing", "Create it: CREATE DATABASE … OWNER …"],
  ["42501", "store-unreadable", "The user must own the database, or the schema quipu in it."],
];

/** SQLSTATEs that pass: connection lost or refused, too many of them, shutting down or starting, a statement or transaction cancelled, read-only. */
const passing = ["08", "53300", "57P", "57014", "25P03", "25006", "40"];

/** What goes wrong between the driver and the server, in the store's own words; anything else as it is. `shown` names the database. */
export function postgresError(error: unknown, shown: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreFailure || error instanceof StoreUnavailable) return error;
  const { message } = error;
  if (error instanceof pg.DatabaseError) {
    const { code = "" } = error;
    const failure = failures.find(([prefix]) => code.startsWith(prefix));
    if (failure !== undefined)
      return new StoreFailure(failure[1], `The store ${shown} can't be used: ${message} (${code}). ${failure[2]}`);
    if (passing.some((prefix) => code.startsWith(prefix)))
      return new StoreUnavailable(`The database ${shown} can't be used for now: ${message} (${code}).`);
    // character_not_in_repertoire, untranslatable_character: PostgreSQL's texts hold no NUL.
    if (code === "22021" || code === "22P05")
      return new Problem("bad-format", "A text has a character that can't be kept.", {
        status: 400,
        accepted: "texts without NUL",
      });
    return error;
  }
  if (error instanceof TypeError || error instanceof RangeError) return error;
  // Whatever else a driver throws concerns the connection: the system's errors, and its own, which have no code.
  const said = error instanceof AggregateError && message === "" ? String(error.errors[0]) : message;
  return new StoreUnavailable(`The database ${shown} can't be reached: ${said}.`);
}
