import { Type } from "typebox";
import { mutate, require as requireRole } from "../access/mutate.ts";
import type { Subject } from "../access/grants.ts";
import { declaredKinds, type Document, type KindName } from "../model/kinds.ts";
import { Problem } from "../model/problem.ts";
import { closed, oneOf, optional } from "../model/schema.ts";
import { putDocument, removeDocument } from "../release/changes.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { expectedRevision } from "./preconditions.ts";
import { maxBodyBytes, readDocument } from "./read-document.ts";
import { changedView, etag, objectView } from "./object-view.ts";

const sorts = ["name", "-name", "updated", "-updated", "team", "-team", "segment", "-segment"] as const;
export const ListFields = closed({
  limit: optional(Type.Integer({ minimum: 1, maximum: 500, description: "Objects on a page. Default 100." })),
  continue: optional(Type.String({ description: "Next page: the `continue` of the page before." })),
  team: optional(Type.String({ description: "Only of this team." })),
  segment: optional(Type.String({ description: "Only of this segment." })),
  cluster: optional(Type.String({ description: "Only what concerns this cluster." })),
  app: optional(Type.String({ description: "Only of this app (releases)." })),
  q: optional(Type.String({ maxLength: 200, description: "Words that are part of the name or a label." })),
  sort: optional(oneOf(sorts, "Order; descending with '-'. Default name.")),
});
export const NameParams = closed({ name: Type.String({ description: "Name of the object." }) });
export const WriteFields = closed({
  dryRun: optional(Type.Boolean({ description: "Check and answer as if, but change nothing." })),
  why: optional(Type.String({ maxLength: 10_000, description: "Reason, for the audit trail." })),
});
export const documentTypes = ["application/json", "application/yaml"] as const;

/** Teams of an App are asked before and after: nobody moves an app into or out of a team that isn't theirs. */
export function subjectOf(
  kind: KindName,
  body: { metadata: { name: string }; spec: Record<string, unknown> },
): Subject {
  const { team, segment } = body.spec;
  return {
    kind,
    name: body.metadata.name,
    ...(typeof team === "string" && { team }),
    ...(typeof segment === "string" && { segment }),
  };
}

export function objectRoutes(routes: Routes, context: ApiContext): void {
  for (const { kind, plural, singular, writable } of Object.values(declaredKinds)) {
    const list = `${kind}List`;
    routes.add(
      {
        method: "GET",
        path: `/api/v1/${plural}`,
        id: `list${kind}`,
        summary: `${plural}, one page at a time`,
        query: ListFields,
        answers: { 200: { description: "A page.", schema: list } },
      },
      {},
      async ({ query, principal }) => {
        requireRole(principal, "read", { kind });
        const { app, sort, ...rest } = query;
        const page = await context.store.read((tx) =>
          tx.list(kind, {
            ...rest,
            ...(app !== undefined && { owner: app }),
            ...(sort !== undefined && { sort: sort }),
          }),
        );
        const now = context.now();
        return {
          apiVersion: "quipu.dev/v1",
          kind: list,
          items: page.items.map((object) => objectView(object, { store: context.store, now })),
          total: page.total,
          revision: page.revision,
          ...(page.continue !== undefined && { continue: page.continue }),
        };
      },
    );
    routes.add(
      {
        method: "GET",
        path: `/api/v1/${plural}/:name`,
        id: `get${kind}`,
        summary: `One ${singular}`,
        params: NameParams,
        answers: { 200: { description: "The object; its ETag is its revision.", schema: kind } },
      },
      {},
      async ({ params, principal, reply }) => {
        requireRole(principal, "read", { kind });
        const object = await context.store.read((tx) => tx.get(kind, params.name));
        if (object === undefined)
          throw new Problem("not-found", `There is no ${kind} ${params.name}.`, {
            found: params.name,
            subject: `${kind}/${params.name}`,
          });
        reply.header("etag", etag(object.revision));
        return objectView(object, { store: context.store, now: context.now() });
      },
    );
    if (!writable) continue;
    routes.add(
      {
        method: "PUT",
        path: `/api/v1/${plural}/:name`,
        id: `put${kind}`,
        summary: `Declare a ${singular}`,
        params: NameParams,
        query: WriteFields,
        body: { schema: kind, types: documentTypes },
        headers: { "If-Match": "ETag that must stand there", "If-None-Match": "* when it must not exist yet" },
        answers: {
          200: { description: "Changed, or as it was.", schema: `${kind}Written` },
          201: { description: "New.", schema: `${kind}Written` },
        },
      },
      { bodyLimit: maxBodyBytes },
      async ({ params, query, principal, request, reply }) => {
        const document = readDocument(String(request.body ?? ""), request.headers["content-type"]);
        agree(document, kind, params.name);
        const expected = expectedRevision(request.headers, document.metadata.resourceVersion);
        const changed = await mutate(context.store, principal, "put", query, async (tx) => {
          const before = await tx.get(kind, params.name);
          if (before !== undefined) requireRole(principal, "write", subjectOf(kind, before.body));
          requireRole(principal, "write", subjectOf(kind, document));
          if (expected === "exists" && before === undefined)
            throw new Problem("revision-conflict", `${kind}/${params.name} doesn't exist, but If-Match: * was given.`, {
              field: "If-Match",
              found: "*",
              accepted: "no If-Match",
            });
          const result = await putDocument(tx, document, {
            by: principal.name,
            ...(query.why !== undefined && { message: query.why }),
            ...(typeof expected === "number" && { expected }),
          });
          return {
            result,
            subject: `${kind}/${params.name}`,
            before: result.before?.body,
            after: result.object.body,
            unchanged: result.outcome === "unchanged",
          };
        });
        if (query.dryRun !== true) for (const { app } of changed.releases) context.engine.kick(app);
        reply.code(changed.outcome === "created" ? 201 : 200).header("etag", etag(changed.object.revision));
        return changedView(changed, { store: context.store, now: context.now() });
      },
    );
    routes.add(
      {
        method: "DELETE",
        path: `/api/v1/${plural}/:name`,
        id: `delete${kind}`,
        summary: `Take a ${singular} back`,
        params: NameParams,
        query: WriteFields,
        headers: { "If-Match": "ETag that must stand there" },
        answers: {
          200: {
            description: "What it was; an App is withdrawn by the release that is named.",
            schema: `${kind}Written`,
          },
        },
      },
      {},
      async ({ params, query, principal, request }) => {
        const expected = expectedRevision(request.headers);
        const changed = await mutate(context.store, principal, "delete", query, async (tx) => {
          const before = await tx.get(kind, params.name);
          requireRole(
            principal,
            "delete",
            before === undefined ? { kind, name: params.name } : subjectOf(kind, before.body),
          );
          const result = await removeDocument(tx, kind, params.name, {
            by: principal.name,
            ...(query.why !== undefined && { message: query.why }),
            ...(typeof expected === "number" && { expected }),
          });
          return { result, subject: `${kind}/${params.name}`, before: result.object.body };
        });
        if (query.dryRun !== true) for (const { app } of changed.releases) context.engine.kick(app);
        return { ...changedView(changed, { store: context.store, now: context.now() }), outcome: "deleted" };
      },
    );
  }
}

function agree(document: Document, kind: KindName, name: string): void {
  if (document.kind !== kind)
    throw new Problem("bad-request", `The path is for ${kind}, the body is a ${document.kind}.`, {
      field: "kind",
      found: document.kind,
      accepted: kind,
    });
  if (document.metadata.name !== name)
    throw new Problem("bad-request", `The path names ${name}, the body ${document.metadata.name}.`, {
      field: "metadata.name",
      found: document.metadata.name,
      accepted: name,
    });
}
