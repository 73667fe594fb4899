import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { appObject } from "../release/app-object.ts";
import type { App } from "../model/app.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import { checkIdentity, Problems } from "../release/changes.ts";
import { imageToRun } from "../release/deploys.ts";
import { planApp } from "../release/plan-view.ts";
import { plannedBehaviour } from "./behaviour-plan.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { documentTypes, NameParams } from "./object-routes.ts";
import { warningView } from "./object-view.ts";
import { parseBody } from "./parse-query.ts";
import { maxBodyBytes, readDocument, readText } from "./read-document.ts";

const PlanBody = closed({
  image: optional(
    Type.String({ minLength: 1, maxLength: 1000, description: "As if this were deployed. Default: what runs." }),
  ),
  artifact: optional(
    Type.String({ pattern: "^sha256:[0-9a-f]{64}$", "x-expects": "sha256: and 64 hexadecimal digits" }),
  ),
  document: optional(
    Type.String({
      maxLength: maxBodyBytes,
      description: "An App as it would be applied, in YAML or JSON. Default: as it is declared.",
    }),
  ),
});

export function planRoute(routes: Routes, { store, trustDomain, trial }: ApiContext): void {
  routes.add(
    {
      method: "POST",
      path: "/api/v1/apps/:name/plan",
      id: "planApp",
      summary: "What a release would do: objects, weights, waves, time. Changes nothing",
      params: NameParams,
      body: { schema: PlanBody, types: documentTypes },
      answers: { 200: { description: "The plan.", schema: Type.Object({}, { additionalProperties: true }) } },
    },
    { bodyLimit: 2 * maxBodyBytes },
    async ({ params, principal, request }) => {
      requireRole(principal, "read", { kind: "App", name: params.name });
      const text = String(request.body ?? "").trim();
      const body = text === "" ? {} : parseBody(PlanBody, readText(text, request.headers["content-type"]));
      const view = store.inForce();
      const planned = await store.read(async (tx) => {
        const app =
          body.document === undefined
            ? ((await appObject(tx, params.name, { accepted: "an App that was applied, or its document" }))
                .body as unknown as App)
            : documentOf(body.document, params.name);
        checkIdentity(await tx.get("App", params.name), app);
        const given = body.image !== undefined || body.artifact !== undefined;
        const { plan, problems, warnings, after } = await planApp(tx, app, {
          view,
          seen: store.seen(),
          trustDomain,
          ...(given && { image: await imageToRun(tx, app, body) }),
        });
        if (problems.length > 0) throw new Problems(problems);
        return { plan, warnings: warnings.map(warningView), after };
      });
      const { plan, warnings, after } = planned;
      const behaviour = await plannedBehaviour(params.name, view, after, { trustDomain, ...(trial && { trial }) });
      return { ...plan, warnings, behaviour };
    },
  );
}

function documentOf(text: string, name: string): App {
  const document = readDocument(text, "application/yaml");
  if (document.kind === "App" && document.metadata.name === name) return document;
  throw new Problem("bad-request", `The document is ${document.kind} ${document.metadata.name}, not App ${name}.`, {
    field: "document",
    found: `${document.kind}/${document.metadata.name}`,
    accepted: `App/${name}`,
  });
}
