import { StoreFailure } from "./store-error.ts";

/** Where a PostgreSQL is, and how it is named to people: never with its password. */
export interface PostgresUrl {
  /** For the driver. */
  readonly url: URL;
  /** `postgres://quipu@db.example:5432/quipu`. */
  readonly shown: string;
}

const accepted = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/**
 * Reads a connection URI (https://www.postgresql.org/docs/15/libpq-connect.html#id-1.7.3.8.3.6). Throws StoreFailure, without
 * repeating a text that may hold a password.
 */
export function postgresUrl(text: string): PostgresUrl {
  const refuse = (what: string): StoreFailure =>
    new StoreFailure(
      "store-unreadable",
      `The database's URL ${what}. Accepted: ${accepted}; characters such as @ : / ? # % in a user or password are written %40 %3A %2F %3F %23 %25.`,
    );
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) throw refuse("isn't a URL");
  const [scheme = ""] = text.split(":");
  if (scheme !== "postgres" && scheme !== "postgresql") throw refuse(`begins with ${scheme}:`);
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(url.username + url.password + url.pathname);
  } catch {
    throw refuse("can't be read");
  }
  if (url.hash !== "") throw refuse("has a #");
  if (url.pathname.length < 2) throw refuse("names no database");
  const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
  if (host === "") throw refuse("names no host");
  const user = url.username === "" ? "" : `${url.username}@`;
  const port = url.searchParams.get("port") ?? url.port;
  return { url, shown: `postgres://${user}${host}${port === "" ? "" : `:${port}`}${url.pathname}` };
}
