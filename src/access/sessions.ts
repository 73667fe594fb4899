import type { WriteTx } from "../store/store.ts";
import { Problem } from "../model/problem.ts";
import type { Grant, Principal } from "./grants.ts";
import { createToken, hashSecret } from "./tokens.ts";

export const loginMs = 15 * 60_000;
export const sessionMs = 12 * 3_600_000;
export const sessionCookie = "quipu_session";

/** A link that signs whoever opens it in as the principal, once. */
export async function createLogin(
  tx: WriteTx,
  principal: Principal,
  { id, secret }: { id: string; secret: string },
): Promise<number> {
  const expires = tx.now + loginMs;
  await createToken(tx, { id, secret, subject: principal.name, kind: "login", grants: principal.grants, expires });
  return expires;
}

/** Trades a login token (used up by it) or a machine token for a session. */
export async function openSession(
  tx: WriteTx,
  credential: string,
  { id, secret }: { id: string; secret: string },
): Promise<{ principal: Principal; expires: number }> {
  const token = await tx.tokenByHash(hashSecret(credential));
  if (
    token === undefined ||
    token.kind === "session" ||
    token.kind === "cluster" ||
    (token.expires !== null && token.expires <= tx.now)
  ) {
    throw new Problem(
      "unauthenticated",
      "The token isn't known, or its sign-in link was used already or is older than 15 minutes.",
      {
        field: "token",
        accepted: "a new link: quipu login --link",
      },
    );
  }
  if (token.kind === "login") await tx.deleteToken(token.id);
  const expires = tx.now + sessionMs;
  await createToken(tx, {
    id,
    secret,
    subject: token.subject,
    kind: "session",
    grants: token.grants as Grant[],
    expires,
  });
  return { principal: { name: token.subject, via: "session", tokenId: id, grants: token.grants as Grant[] }, expires };
}

export function cookieHeader(secret: string, maxAgeMs: number): string {
  return `${sessionCookie}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(maxAgeMs / 1000)}`;
}

/** The session's secret out of a Cookie header. */
export function sessionOf(header: string | undefined): string | undefined {
  for (const part of (header ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === sessionCookie && value !== undefined && value !== "") return value;
  }
  return undefined;
}
