import { createHash } from "node:crypto";
import type { ReadTx, TokenRecord, WriteTx } from "../store/store.ts";
import type { Grant, Principal } from "./grants.ts";

/** Only this is stored. The secrets have 256 random bits, so that a plain hash can't be searched. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export interface NewToken {
  subject: string;
  kind: TokenRecord["kind"];
  grants: readonly Grant[];
  expires: number | null;
  secret: string;
  id: string;
}

export async function createToken(tx: WriteTx, { secret, ...token }: NewToken): Promise<TokenRecord> {
  const record: TokenRecord = { ...token, hash: hashSecret(secret), created: tx.now, used: null };
  await tx.putToken(record);
  return record;
}

/** A token that a file on this machine holds: the admin's, the clusters'. Its file may have been replaced since the last start. */
export async function ensureToken(tx: WriteTx, token: NewToken): Promise<void> {
  const known = await tx.tokenByHash(hashSecret(token.secret));
  if (known?.id !== token.id) await createToken(tx, token);
}

/** Who holds the secret; undefined when nobody does, or it has expired. A login token is good for `login` alone. */
export async function principalOf(tx: ReadTx, secret: string, now: number): Promise<Principal | undefined> {
  const token = await tx.tokenByHash(hashSecret(secret));
  if (token === undefined || token.kind === "login" || (token.expires !== null && token.expires <= now))
    return undefined;
  return {
    name: token.subject,
    via: token.kind === "session" ? "session" : "token",
    tokenId: token.id,
    grants: token.grants as Grant[],
  };
}
