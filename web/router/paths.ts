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

export const paths = {
  apps: (filters: AppFilters = {}) => withQuery("/apps", { ...filters }),
  app: (name: string) => `/apps/${encodeURIComponent(name)}`,
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
