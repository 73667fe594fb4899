import { Type } from "typebox";
import { createHash } from "node:crypto";
import { mutate, require as requireRole } from "../access/mutate.ts";
import type { App } from "../model/app.ts";
import { closed, optional } from "../model/schema.ts";
import { Problem } from "../model/problem.ts";
import { imageOf } from "../release/accept.ts";
import { appDrift, appEdges, appStatus, appUnhealthy } from "../release/app-status.ts";
import { Problems } from "../release/changes.ts";
import { deployApp } from "../release/deploys.ts";
import { renderApp, viewAfter } from "../release/render-app.ts";
import { readWorld, worldFor } from "../release/world.ts";
import { appWarnings } from "../release/warnings.ts";
import type { ReadTx, StoredObject } from "../store/store.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { documentTypes, NameParams, subjectOf, WriteFields } from "./object-routes.ts";
import { changedView, objectView, warningView } from "./object-view.ts";
import { parseBody } from "./parse-query.ts";
import { objectOf } from "./read-route.ts";
import { maxBodyBytes, readDocument, readText } from "./read-document.ts";

export const DeployBody = closed({
  image: optional(
    Type.String({
      minLength: 1,
      maxLength: 1000,
      description: "REPOSITORY:TAG or REPOSITORY@sha256:DIGEST. Default: the App's, when it has a tag or digest.",
    }),
  ),
  artifact: optional(
    Type.String({
      pattern: "^sha256:[0-9a-f]{64}$",
      "x-expects": "sha256: and 64 hexadecimal digits",
      description: "An uploaded archive, in place of an image.",
    }),
  ),
  message: optional(Type.String({ maxLength: 10_000, description: "Why." })),
});
const HistoryFields = closed({ limit: optional(Type.Integer({ minimum: 1, maximum: 500 })) });
const AnyObject = Type.Object({}, { additionalProperties: true });

export function appRoutes(routes: Routes, context: ApiContext): void {
  const { store } = context;
  const read = (
    path: string,
    id: string,
    summary: string,
    work: (tx: ReadTx, app: StoredObject, query: { limit?: number }) => Promise<unknown>,
  ) =>
    routes.add(
      {
        method: "GET",
        path: `/api/v1/apps/:name/${path}`,
        id,
        summary,
        params: NameParams,
        ...(path === "history" && { query: HistoryFields }),
        answers: { 200: { description: summary, schema: AnyObject } },
      },
      {},
      async ({ params, principal, query }) => {
        requireRole(principal, "read", { kind: "App", name: params.name });
        return store.read(async (tx) => work(tx, await objectOf(tx, "App", params.name), query));
      },
    );

  routes.add(
    {
      method: "POST",
      path: "/api/v1/apps/:name/deploys",
      id: "deployApp",
      summary: "Deploy an app: a release of its workload",
      params: NameParams,
      query: WriteFields,
      body: { schema: DeployBody, types: documentTypes },
      headers: { "Idempotency-Key": "the same key gives the same answer, and one release" },
      answers: {
        202: { description: "The release.", schema: "ReleaseWritten" },
        200: { description: "This image is what runs already.", schema: "AppWritten" },
      },
    },
    { bodyLimit: maxBodyBytes },
    async ({ params, query, principal, request, reply }) => {
      const text = String(request.body ?? "");
      const body = text.trim() === "" ? {} : parseBody(DeployBody, readText(text, request.headers["content-type"]));
      const given = request.headers["idempotency-key"];
      const key =
        typeof given === "string" && query.dryRun !== true
          ? `${principal.name} deploy ${params.name} ${given}`
          : undefined;
      const requestHash = createHash("sha256").update(text).digest("hex");
      const answer = await mutate(
        store,
        principal,
        "deploy",
        { ...query, why: query.why ?? body.message },
        async (tx) => {
          const known = key === undefined ? undefined : await tx.idempotent(key);
          if (known !== undefined) {
            if (known.requestHash !== requestHash)
              throw new Problem("idempotency-conflict", `The key ${String(given)} came with another request.`, {
                field: "Idempotency-Key",
                found: given,
                accepted: "a new key",
              });
            return {
              result: { status: known.status, body: known.body, apps: [] as string[] },
              subject: `App/${params.name}`,
              unchanged: true,
            };
          }
          requireRole(principal, "deploy", subjectOf("App", (await objectOf(tx, "App", params.name)).body));
          const message = body.message ?? query.why;
          const changed = await deployApp(tx, params.name, body, {
            by: principal.name,
            ...(message !== undefined && { message }),
          });
          const status = changed.outcome === "unchanged" ? 200 : 202;
          const view = changedView(changed, { store, now: context.now() });
          if (key !== undefined) await tx.putIdempotent({ key, requestHash, status, body: view, created: tx.now });
          return {
            result: { status, body: view, apps: changed.releases.map(({ app }) => app) },
            subject: `App/${params.name}`,
            after: { ...body, releases: changed.releases },
            unchanged: status === 200,
          };
        },
      );
      for (const app of answer.apps) if (query.dryRun !== true) context.engine.kick(app);
      return reply.code(answer.status).send(answer.body);
    },
  );

  read("status", "appStatus", "Where the app stands: clusters, pods, calls, its newest releases", async (tx, app) => {
    const releases = await tx.list("Release", { owner: app.name, sort: "-updated", limit: 5 });
    const now = context.now();
    return {
      app: app.name,
      declared: { revision: app.revision, generation: app.generation },
      ...appStatus(app.name, store.inForce(), store.seen(), now),
      drift: appDrift(app.name, store.seen()),
      unhealthy: appUnhealthy(app.name, store.seen()),
      ...appEdges(app.name, store.inForce()),
      hosts: store.inForce().rosters.get(app.name)?.value.hosts ?? [],
      releases: releases.items.map((release) => objectView(release, { store, now })),
    };
  });
  read("callers", "appCallers", "Who calls the app, and whom it calls", async (_, app) => ({
    app: app.name,
    ...appEdges(app.name, store.inForce()),
  }));
  read(
    "history",
    "appHistory",
    "Every version that was declared, newest first, and every release",
    async (tx, app, { limit }) => {
      const now = context.now();
      const releases = await tx.list("Release", { owner: app.name, sort: "-updated", limit: limit ?? 50 });
      const versions = await tx.history("App", app.name, limit ?? 50);
      return {
        app: app.name,
        versions: versions.map(({ revision, at, body }) => ({
          revision,
          at: new Date(at).toISOString(),
          document: body,
        })),
        releases: releases.items.map((release) => objectView(release, { store, now })),
      };
    },
  );
  read("lint", "lintApp", "What is legal in the app, but probably wrong", async (tx, app) => ({
    app: app.name,
    warnings: (await appWarnings(app.body as unknown as App, await readWorld(tx), tx)).map(warningView),
  }));
  read(
    "render",
    "renderApp",
    "The objects of each cluster: of what is in force, or, before the first release, of what would be",
    async (tx, { name, body }) => {
      const view = store.inForce();
      if (view.rosters.has(name))
        return { app: name, inForce: true, revision: view.revision, clusters: renderApp(name, view, context) };
      return { app: name, inForce: false, revision: view.revision, ...(await rendered(tx, body as unknown as App)) };
    },
  );

  async function rendered(tx: ReadTx, app: App): Promise<Record<string, unknown>> {
    const world = await worldFor(tx, app);
    const { name } = app.metadata;
    const view = store.inForce();
    const after = viewAfter(app, await imageOf(tx, view, name), world, view, (await tx.lastRelease(name)) + 1);
    if (after.problems.length > 0) throw new Problems(after.problems);
    return {
      clusters: renderApp(name, after.view, context),
      warnings: (await appWarnings(app, world, tx)).map(warningView),
    };
  }

  routes.add(
    {
      method: "POST",
      path: "/api/v1/render",
      id: "render",
      summary: "The objects that a document would become, were it applied and released. Changes nothing",
      body: { schema: "App", types: documentTypes },
      answers: { 200: { description: "Objects by cluster.", schema: AnyObject } },
    },
    { bodyLimit: maxBodyBytes },
    async ({ principal, request }) => {
      requireRole(principal, "read", { kind: "App" });
      const document = readDocument(String(request.body ?? ""), request.headers["content-type"]);
      if (document.kind !== "App")
        throw new Problem("bad-request", `Only an App becomes objects of its own; this is a ${document.kind}.`, {
          field: "kind",
          found: document.kind,
          accepted: "App",
        });
      return store.read(async (tx) => ({
        app: document.metadata.name,
        inForce: false,
        ...(await rendered(tx, document)),
      }));
    },
  );
}
