import { Type } from "typebox";
import { require as requireRole } from "../access/mutate.ts";
import { closed, oneOf, optional } from "../model/schema.ts";
import { appEdges } from "../release/app-status.ts";
import { failedLately, runningReleases, type FleetFilter } from "../release/fleet-releases.ts";
import { markersOf } from "../release/release-markers.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";

export const FleetReleaseFields = closed({
  state: optional(
    oneOf(
      ["running", "person", "failed"],
      "Under way (default), waiting for a person, or taken back in the last 24 hours.",
    ),
  ),
  team: optional(Type.String({ description: "Only of this team." })),
  segment: optional(Type.String({ description: "Only of this segment." })),
  q: optional(Type.String({ maxLength: 200, description: "Part of the app's name." })),
  limit: optional(Type.Integer({ minimum: 1, maximum: 200, description: "Releases on a page. Default 50." })),
  continue: optional(Type.String({ description: "Next page: the `continue` of the page before." })),
});
export const MarkerFields = closed({
  app: optional(Type.String({ description: "Releases of this app, of its callers and of those it calls." })),
  cluster: optional(Type.String({ description: "Releases that touch this cluster." })),
});
const AnyObject = Type.Object({}, { additionalProperties: true });

/** Releases over the whole fleet: what is under way, what waits for a person, what failed, what to mark on charts. */
export function fleetReleaseRoutes(routes: Routes, { store, now }: ApiContext): void {
  routes.add(
    {
      method: "GET",
      path: "/api/v1/fleet/releases",
      id: "fleetReleases",
      summary: "Releases under way over the fleet, those that wait for a person, or those that failed lately",
      query: FleetReleaseFields,
      answers: {
        200: {
          description:
            "A page, by app (failed ones: newest first), and how many there are of each under the same filter.",
          schema: AnyObject,
        },
      },
    },
    {},
    async ({ principal, query: { state = "running", limit = 50, continue: after, ...filter } }) => {
      requireRole(principal, "read", { kind: "Release" });
      const known: FleetFilter = filter;
      return store.read(async (tx) => {
        const running = await runningReleases(tx, store, known, now());
        const waiting = running.filter(({ person }) => person);
        const failed = await failedLately(tx, known, now());
        const entries = state === "failed" ? failed : state === "person" ? waiting : running;
        const from = after === undefined ? 0 : entries.findIndex(({ key }) => key === after) + 1;
        const page = entries.slice(from, from + limit);
        return {
          items: await Promise.all(page.map(({ summary }) => summary())),
          total: entries.length,
          at: now(),
          counts: { running: running.length, person: waiting.length, failed: failed.length },
          ...(from + limit < entries.length && { continue: page.at(-1)!.key }),
        };
      });
    },
  );
  routes.add(
    {
      method: "GET",
      path: "/api/v1/fleet/markers",
      id: "releaseMarkers",
      summary: "Releases of the last ten minutes that could have touched an app's or a cluster's figures",
      query: MarkerFields,
      answers: { 200: { description: "Oldest first.", schema: AnyObject } },
    },
    {},
    async ({ principal, query: { app, cluster } }) => {
      requireRole(principal, "read", { kind: "Release" });
      const edges = app === undefined ? undefined : appEdges(app, store.inForce());
      const apps =
        app === undefined || edges === undefined
          ? undefined
          : new Set([app, ...[...edges.calls, ...edges.callers].map((each) => each.app)]);
      return store.read(async (tx) => ({
        items: await markersOf(tx, { ...(apps && { apps }), ...(cluster !== undefined && { cluster }) }, now()),
      }));
    },
  );
}
