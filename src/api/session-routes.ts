import { Type } from "typebox";
import { mutate } from "../access/mutate.ts";
import { cookieHeader, createLogin, openSession, sessionMs } from "../access/sessions.ts";
import { closed, optional } from "../model/schema.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { parseBody } from "./parse-query.ts";
import { readText } from "./read-document.ts";

const Who = closed({
  name: Type.String(),
  via: Type.String({ description: "token or session" }),
  grants: Type.Array(closed({ role: Type.String(), team: optional(Type.String()), segment: optional(Type.String()) })),
});
const SignIn = closed({
  token: Type.String({ minLength: 1, description: "Of a sign-in link, or a machine's token." }),
});
const Link = closed({ url: Type.String(), expires: Type.String() });
const id = () => crypto.randomUUID();

export function sessionRoutes(routes: Routes, { store, secret }: ApiContext): void {
  routes.add(
    {
      method: "GET",
      path: "/api/v1/whoami",
      id: "whoami",
      summary: "Who asks",
      answers: { 200: { description: "Name and roles.", schema: Who } },
    },
    {},
    async ({ principal }) => ({ name: principal.name, via: principal.via, grants: principal.grants }),
  );

  routes.add(
    {
      method: "POST",
      path: "/api/v1/session/links",
      id: "createLink",
      summary: "A link that signs in whoever opens it, once, within 15 minutes, as who asks for it",
      body: { schema: Type.Object({}), types: ["application/json"] },
      answers: { 201: { description: "The link.", schema: Link } },
    },
    {},
    async ({ principal, request, reply }) => {
      const token = secret();
      const expires = await mutate(store, principal, "create sign-in link", {}, async (tx) => ({
        result: await createLogin(tx, principal, { id: id(), secret: token }),
        subject: `Principal/${principal.name}`,
      }));
      reply.code(201);
      // In the fragment: it reaches neither a server's log nor a Referer.
      return {
        url: `${request.protocol}://${request.host}/login#token=${token}`,
        expires: new Date(expires).toISOString(),
      };
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/api/v1/session",
      id: "signIn",
      summary: "Sign in with a link's token: sets the session cookie",
      open: true,
      body: { schema: SignIn, types: ["application/json"] },
      answers: { 201: { description: "Signed in.", schema: Who } },
    },
    {},
    async ({ request, reply }) => {
      const body = parseBody(SignIn, readText(String(request.body ?? "")));
      const session = secret();
      const { principal } = await store.write((tx) =>
        openSession(tx, body.token, { id: id(), secret: session }).then(async (opened) => {
          await tx.appendAudit({
            who: opened.principal.name,
            what: "sign in",
            subject: `Principal/${opened.principal.name}`,
          });
          return opened;
        }),
      );
      reply.code(201).header("set-cookie", cookieHeader(session, sessionMs)).header("cache-control", "no-store");
      return { name: principal.name, via: principal.via, grants: principal.grants };
    },
  );

  routes.add(
    {
      method: "DELETE",
      path: "/api/v1/session",
      id: "signOut",
      summary: "Sign out",
      answers: { 204: { description: "Signed out." } },
    },
    {},
    async ({ principal, reply }) => {
      if (principal.via === "session")
        await mutate(store, principal, "sign out", {}, async (tx) => {
          await tx.deleteToken(principal.tokenId);
          return { result: undefined, subject: `Principal/${principal.name}` };
        });
      return reply.code(204).header("set-cookie", cookieHeader("", 0)).send();
    },
  );
}
