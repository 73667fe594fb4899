import type { FastifyReply } from "fastify";
import type { Static, TSchema } from "typebox";
import type { Action } from "../access/grants.ts";
import { require as requireRole } from "../access/mutate.ts";
import { declaredKinds, type KindName } from "../model/kinds.ts";
import { Problem } from "../model/problem.ts";
import type { ReadTx, Store, StoredObject } from "../store/store.ts";
import type { RouteDescription, Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";

type Description<Q extends TSchema> = Pick<RouteDescription, "id" | "summary" | "answers"> & { query?: Q };

/** The object of that name. Throws Problem `not-found`. */
export async function objectOf(tx: ReadTx, kind: KindName, name: string): Promise<StoredObject> {
  const object = await tx.get(kind, name);
  if (object === undefined)
    throw new Problem("not-found", `There is no ${kind} ${name}.`, { found: name, subject: `${kind}/${name}` });
  return object;
}

/** `GET path`, for whoever may do `action` (default: read) with things of the kind; `everybody`: without a credential. */
export function readRoute<Q extends TSchema = TSchema>(
  routes: Routes,
  who: { kind: KindName | "*"; action?: Action } | "everybody",
  { path, ...description }: Description<Q> & { path: string },
  read: (request: { query: Static<Q>; reply: FastifyReply }) => Promise<unknown>,
): void {
  const open = who === "everybody";
  routes.add<TSchema, Q>(
    { method: "GET", path, ...description, ...(open && { open }) },
    {},
    async ({ query, principal, reply }) => {
      if (!open) requireRole(principal, who.action ?? "read", { kind: who.kind });
      return read({ query, reply });
    },
  );
}

/** `GET /api/v1/PLURAL/:name/PART`: something about one object that exists, for whoever may read it. */
export function readPartRoute<Q extends TSchema = TSchema>(
  routes: Routes,
  store: Store,
  kind: KindName,
  { part, ...description }: Description<Q> & { part: string },
  read: (object: StoredObject, query: Static<Q>) => Promise<unknown>,
): void {
  routes.add<typeof NameParams, Q>(
    { method: "GET", path: `/api/v1/${declaredKinds[kind].plural}/:name/${part}`, params: NameParams, ...description },
    {},
    async ({ params: { name }, query, principal }) => {
      requireRole(principal, "read", { kind, name });
      return read(await store.read((tx) => objectOf(tx, kind, name)), query);
    },
  );
}
