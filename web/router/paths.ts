/** Every path of the web UI. Links are made here and nowhere else, so that a route that changes is a type error. */

export const appSorts = ["name", "-name", "updated", "-updated", "team", "-team", "segment", "-segment"] as const;
export type AppSort = (typeof appSorts)[number];

/** Filters of the list of apps, as the API takes them. Empty: absent. */
export interface AppFilters {
  q?: string;
  team?: string;
  segment?: string;
  cluster?: string;
  sort?: AppSort;
}

export const fleetStates = ["running", "person", "failed"] as const;
export type FleetState = (typeof fleetStates)[number];

/** Filters of the overview: releases over the fleet, as the API takes them. */
export interface FleetFilters {
  state?: FleetState;
  q?: string;
  team?: string;
  segment?: string;
}
/** What is open on a release's page. */
export interface ReleaseFocus {
  cluster?: string;
  /** Waves that are unfolded, counted from 1. */
  open?: readonly number[];
}

export const paths = {
  overview: ({ state, q, team, segment }: FleetFilters = {}) => withQuery("/", { state, q, team, segment }),
  apps: (filters: AppFilters = {}) => withQuery("/apps", { ...filters }),
  app: (name: string) => `/apps/${encodeURIComponent(name)}`,
  release: (app: string, number: number, { cluster, open = [] }: ReleaseFocus = {}) =>
    withQuery(`/apps/${encodeURIComponent(app)}/releases/${number}`, { cluster, open: open.join(",") }),
  clusters: () => "/clusters",
  cluster: (name: string) => `/clusters/${encodeURIComponent(name)}`,
  signIn: (next?: string) => withQuery("/login", { next }),
};

/** A path with those parameters that have a value, in the order given. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
