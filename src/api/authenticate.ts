import type { FastifyRequest } from "fastify";
import { principalOf } from "../access/tokens.ts";
import { sessionOf } from "../access/sessions.ts";
import type { Principal } from "../access/grants.ts";
import { Problem } from "../model/problem.ts";
import type { Store } from "../store/store.ts";

/** Who asks, by bearer token or session cookie. Throws Problem unauthenticated. */
export async function authenticate(request: FastifyRequest, store: Store, now: number): Promise<Principal> {
  const header = request.headers.authorization;
  const bearer = header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (header !== undefined && bearer === undefined)
    throw new Problem("unauthenticated", "The Authorization header isn't a bearer token.", {
      field: "Authorization",
      accepted: "Bearer TOKEN",
    });
  const secret = bearer ?? sessionOf(request.headers.cookie);
  if (secret === undefined)
    throw new Problem("unauthenticated", "The request carries no credential.", {
      field: "Authorization",
      accepted: "Bearer TOKEN, or a session",
    });
  const principal = await store.read((tx) => principalOf(tx, secret, now));
  if (principal === undefined || (bearer === undefined) !== (principal.via === "session"))
    throw new Problem(
      "unauthenticated",
      bearer === undefined ? "The session has ended." : "The token isn't known, or has expired.",
      {
        field: bearer === undefined ? "Cookie" : "Authorization",
        accepted: bearer === undefined ? "a new sign-in" : "a token of this fleet",
      },
    );
  if (principal.via === "session") sameOrigin(request);
  return principal;
}

/** A session's mutation comes from our own pages alone (beside SameSite=Strict). */
function sameOrigin(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const { origin, host } = request.headers;
  if (origin !== undefined && origin !== "null" && new URL(origin).host === host) return;
  if (origin === undefined && request.headers["sec-fetch-site"] === "same-origin") return;
  throw new Problem("forbidden", "A session changes things only from this server's own pages.", {
    field: "Origin",
    found: origin,
    accepted: `http://${host}`,
  });
}
