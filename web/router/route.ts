import {
  appSorts,
  fleetStates,
  paths,
  type AppFilters,
  type AppSort,
  type FleetFilters,
  type FleetState,
  type ReleaseFocus,
} from "./paths.ts";

export type Route =
  | { page: "overview"; filters: FleetFilters }
  | { page: "apps"; filters: AppFilters }
  | { page: "app"; name: string }
  | { page: "release"; app: string; number: number; focus: ReleaseFocus }
  | { page: "clusters" }
  | { page: "cluster"; name: string }
  | { page: "sign-in"; next: string }
  | { page: "unknown"; path: string };

/** The page that a URL means. The inverse of `paths`; what nobody made is `unknown`. */
export function routeOf(url: Pick<URL, "pathname" | "searchParams">): Route {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const [first, second, third, fourth] = parts.map(decode);
  if (first === undefined) return { page: "overview", filters: fleetFiltersOf(url.searchParams) };
  if (parts.length === 4 && first === "apps" && third === "releases" && /^[1-9]\d{0,8}$/.test(fourth!))
    return { page: "release", app: second!, number: Number(fourth), focus: focusOf(url.searchParams) };
  if (parts.length <= 2 && first === "apps")
    return second === undefined
      ? { page: "apps", filters: filtersOf(url.searchParams) }
      : { page: "app", name: second };
  if (parts.length <= 2 && first === "clusters")
    return second === undefined ? { page: "clusters" } : { page: "cluster", name: second };
  if (parts.length === 1 && first === "login") return { page: "sign-in", next: ownPath(url.searchParams.get("next")) };
  return { page: "unknown", path: url.pathname };
}

function fleetFiltersOf(query: URLSearchParams): FleetFilters {
  const filters: FleetFilters = {};
  const state = query.get("state");
  if (fleetStates.includes(state as FleetState)) filters.state = state as FleetState;
  for (const name of ["q", "team", "segment"] as const) {
    const value = query.get(name);
    if (value !== null && value !== "") filters[name] = value;
  }
  return filters;
}

function focusOf(query: URLSearchParams): ReleaseFocus {
  const cluster = query.get("cluster");
  const open = (query.get("open") ?? "")
    .split(",")
    .map(Number)
    .filter((wave) => Number.isInteger(wave) && wave > 0);
  return { ...(cluster !== null && cluster !== "" && { cluster }), ...(open.length > 0 && { open }) };
}

function filtersOf(query: URLSearchParams): AppFilters {
  const filters: AppFilters = {};
  for (const name of ["q", "team", "segment", "cluster"] as const) {
    const value = query.get(name);
    if (value !== null && value !== "") filters[name] = value;
  }
  const sort = query.get("sort");
  if (appSorts.includes(sort as AppSort)) filters.sort = sort as AppSort;
  return filters;
}

/** Where to go after signing in: a path of ours, never somebody else's address. */
function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : paths.overview();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
