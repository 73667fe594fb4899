import { type Static, Type } from "typebox";
import { mutate, require as requireRole } from "../access/mutate.ts";
import { appObject } from "../release/app-object.ts";
import { Problem } from "../model/problem.ts";
import { closed, oneOf, optional } from "../model/schema.ts";
import { command, type CommandKind } from "../release/commands.ts";
import type { Changed } from "../release/changes.ts";
import { againOf } from "../release/again.ts";
import { retryApp, undoApp } from "../release/deploys.ts";
import { remember } from "../release/journal-state.ts";
import { currentVerdicts } from "../release/observe.ts";
import type { ReleaseStatus } from "../release/release-status.ts";
import { releaseView, type ReleaseView } from "../release/release-view.ts";
import { currentShares } from "../release/request-shares.ts";
import { undoable, type Undoable } from "../release/undo.ts";
import { rowsFor } from "../release/write-rows.ts";
import type { ReadTx, WriteTx } from "../store/store.ts";
import type { ApiContext } from "./context.ts";
import type { RouteDescription, Routes } from "./define-route.ts";
import { documentTypes, NameParams, subjectOf, WriteFields } from "./object-routes.ts";
import { changedView } from "./object-view.ts";
import { parseBody, parseFields } from "./parse-query.ts";
import { readText } from "./read-document.ts";

const ReleaseParams = closed({
  name: Type.String({ minLength: 1, description: "The app." }),
  number: Type.String({
    pattern: "^[1-9][0-9]{0,8}$",
    "x-expects": "a release's number",
    description: "The release's number.",
  }),
});
export const UndoBody = closed({
  only: optional(
    Type.Array(oneOf(undoable, "A part of an App."), {
      minItems: 1,
      description: "Parts that come back. Default: all of them.",
    }),
  ),
  to: optional(
    Type.Integer({ minimum: 1, description: "The release that they come back from. Default: the last one before." }),
  ),
});
const AnyObject = Type.Object({}, { additionalProperties: true });

const said: Record<CommandKind, string> = {
  promote: "Go on with a release that is held or paused, without waiting for its verdict",
  pause: "Hold a release before its next step",
  resume: "Let a paused release go on",
  abort: "Give a release up: everything goes back to what was good",
};

/** A release's number as its path says it. `Number` alone would take 0x2 for 2. Throws Problems. */
function numberOf(params: Static<typeof ReleaseParams>): number {
  return Number(parseFields(ReleaseParams, params).number);
}

/** Releases as people follow and steer them. */
export function releaseRoutes(routes: Routes, context: ApiContext): void {
  const { store, engine } = context;

  routes.add(
    {
      method: "GET",
      path: "/api/v1/apps/:name/releases/:number",
      id: "releaseView",
      summary: "A release on its way: waves, clusters, steps with receipts and verdicts, revisions, what is waited for",
      params: ReleaseParams,
      answers: { 200: { description: "The release.", schema: AnyObject } },
    },
    {},
    async ({ params, principal }) => {
      const number = numberOf(params);
      requireRole(principal, "read", { kind: "App", name: params.name });
      return store.read((tx) => viewOf(tx, params.name, number));
    },
  );

  async function viewOf(tx: ReadTx, app: string, number: number): Promise<ReleaseView> {
    const object = await tx.get("Release", `${app}-r${number}`);
    const journal = object === undefined ? [] : await tx.journal(app, number);
    const status = (object?.body.status ?? { phase: "waiting", step: null }) as unknown as ReleaseStatus;
    const known = remember(journal);
    const { lanes } = rowsFor(app, store.inForce());
    const now = context.now();
    const view = releaseView(app, number, {
      journal,
      lanes,
      seen: store.seen(),
      waits: status.waits ?? [],
      phase: status.phase,
      now,
      verdicts: known === undefined ? new Map() : currentVerdicts(known, context.evidence, now),
      shares: known === undefined ? new Map() : currentShares(known, lanes, context.evidence, now),
      ...(known !== undefined && { again: await againOf(tx, app, number) }),
    });
    if (view !== undefined) return view;
    throw new Problem("not-found", `There is no release ${number} of ${app}.`, {
      field: "number",
      found: number,
      accepted: `1 to ${await tx.lastRelease(app)}`,
      subject: `Release/${app}-r${number}`,
    });
  }

  for (const kind of Object.keys(said) as CommandKind[])
    routes.add(
      {
        method: "POST",
        path: `/api/v1/apps/:name/releases/:number/${kind}`,
        id: `${kind}Release`,
        summary: said[kind],
        params: ReleaseParams,
        query: WriteFields,
        answers: { 200: { description: "The release, told so.", schema: AnyObject } },
      },
      {},
      async ({ params, query, principal }) => {
        const number = numberOf(params);
        await mutate(store, principal, kind, query, async (tx) => {
          requireRole(principal, "deploy", subjectOf("App", (await appObject(tx, params.name)).body));
          await command(tx, params.name, number, kind, {
            by: principal.name,
            ...(query.why !== undefined && { why: query.why }),
          });
          return { result: undefined, subject: `Release/${params.name}-r${number}`, after: { kind } };
        });
        if (query.dryRun !== true) engine.kick(params.name);
        return store.read((tx) => viewOf(tx, params.name, number));
      },
    );

  const accepted = { 202: { description: "The release.", schema: "ReleaseWritten" } };
  const again = (
    path: "undo" | "retry",
    summary: string,
    answers: RouteDescription["answers"],
    work: (
      tx: WriteTx,
      name: string,
      body: { only?: Undoable[]; to?: number },
      by: string,
      message?: string,
    ) => Promise<Changed>,
  ) =>
    routes.add(
      {
        method: "POST",
        path: `/api/v1/apps/:name/${path}`,
        id: `${path}App`,
        summary,
        params: NameParams,
        query: WriteFields,
        ...(path === "undo" && { body: { schema: UndoBody, types: documentTypes } }),
        answers,
      },
      {},
      async ({ params, query, principal, request, reply }) => {
        const text = path === "undo" ? String(request.body ?? "").trim() : "";
        const body = text === "" ? {} : parseBody(UndoBody, readText(text, request.headers["content-type"]));
        const answer = await mutate(store, principal, path, query, async (tx) => {
          requireRole(principal, "deploy", subjectOf("App", (await appObject(tx, params.name)).body));
          const changed = await work(tx, params.name, body, principal.name, query.why);
          return {
            result: {
              status: changed.outcome === "unchanged" ? 200 : 202,
              body: changedView(changed, { store, now: context.now() }),
            },
            subject: `App/${params.name}`,
            after: { ...body, releases: changed.releases },
          };
        });
        if (query.dryRun !== true) engine.kick(params.name);
        return reply.code(answer.status).send(answer.body);
      },
    );
  again("undo", "Bring parts of an earlier release back, as a new release", accepted, (tx, name, body, by, message) =>
    undoApp(tx, name, body, { by, ...(message !== undefined && { message }) }),
  );
  const inForce = { 200: { description: "Everything that it declares is in force already.", schema: "AppWritten" } };
  again("retry", "Release again what was taken back", { ...accepted, ...inForce }, (tx, name, _, by, message) =>
    retryApp(tx, name, { by, ...(message !== undefined && { message }) }),
  );
}
