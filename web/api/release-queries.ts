import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ReleaseMarker } from "../../src/release/release-markers.ts";
import type { ReleaseSummary } from "../../src/release/release-summary.ts";
import type { ReleaseView } from "../../src/release/release-view.ts";
import type { FleetFilters, FleetState } from "../router/paths.ts";
import { call } from "./call.ts";

export type CommandKind = keyof ReleaseView["commands"];

/** Figures of a release under way move between its events. */
const liveMs = 2_500;

export const release = (app: string, number: number) =>
  queryOptions({
    queryKey: ["app", app, "release", number],
    queryFn: async ({ signal }) =>
      (await call("releaseView", { path: { name: app, number: String(number) }, signal })) as unknown as ReleaseView,
    refetchInterval: ({ state }) => (state.data?.endedAt === undefined ? liveMs : false),
  });

interface FleetPage {
  items: ReleaseSummary[];
  total: number;
  /** Unix ms of the server. */
  at: number;
  counts: Record<FleetState, number>;
  continue?: string;
}

export const fleetReleases = (filters: FleetFilters) =>
  infiniteQueryOptions({
    queryKey: ["fleet", "releases", filters],
    queryFn: async ({ pageParam, signal }) =>
      (await call("fleetReleases", {
        query: { ...filters, ...(pageParam !== "" && { continue: pageParam }) },
        signal,
      })) as unknown as FleetPage,
    initialPageParam: "",
    getNextPageParam: (page) => page.continue,
    placeholderData: keepPreviousData,
    refetchInterval: 10_000,
  });

/** Of the charts of one app, or of one cluster. */
export const releaseMarkers = (of: { app: string } | { cluster: string }) =>
  queryOptions({
    queryKey: ["fleet", "markers", of],
    queryFn: async ({ signal }) => (await call("releaseMarkers", { query: of, signal })).items as ReleaseMarker[],
    refetchInterval: 30_000,
  });
