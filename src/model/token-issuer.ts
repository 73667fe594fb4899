import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { closed, optional } from "./schema.ts";

export const TokenIssuerSpec = closed({
  issuer: Type.String({ minLength: 1, maxLength: 1000, description: "The token's `iss`, exactly." }),
  audiences: optional(Type.Array(Type.String({ minLength: 1 }), { description: "Accepted `aud`. Default: any." })),
  jwksUri: optional(
    Type.String({
      pattern: "^https?://",
      "x-expects": "a URL with http:// or https://",
      description: "Where the public keys are fetched.",
    }),
  ),
  jwks: optional(
    Type.String({
      minLength: 2,
      maxLength: 100_000,
      description: "The public keys themselves, as a JSON Web Key Set.",
    }),
  ),
});
export const TokenIssuer = document("TokenIssuer", TokenIssuerSpec, "Whose JWTs count.");
export type TokenIssuer = Static<typeof TokenIssuer>;
