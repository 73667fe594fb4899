import { Type } from "typebox";
import type { Static } from "typebox";
import { document } from "./metadata.ts";
import { closed, oneOf, optional } from "./schema.ts";

export const roles = ["viewer", "developer", "approver", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

export const TeamSpec = closed({
  description: optional(Type.String({ maxLength: 1000 })),
  contact: optional(Type.String({ maxLength: 500, description: "Where to reach the team: an address, a channel." })),
  members: optional(
    Type.Array(
      closed({
        user: Type.String({
          minLength: 1,
          maxLength: 253,
          description: "Who, as the identity provider names them (subject or e-mail).",
        }),
        role: oneOf(
          roles,
          "developer: changes the team's apps. viewer: sees them. approver, operator, admin: as said in Access.",
        ),
        segment: optional(Type.String({ description: "For approvers: the segment whose releases they approve." })),
      }),
      { maxItems: 5000, "x-unique": "user", description: "People and their roles." },
    ),
  ),
});
export const Team = document("Team", TeamSpec, "People and their roles.");
export type Team = Static<typeof Team>;
