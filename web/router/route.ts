import { appSorts, paths, type AppFilters, type AppSort } from "./paths.ts";

export type Route =
  | { page: "apps"; filters: AppFilters }
  | { page: "app"; name: string }
  | { page: "clusters" }
  | { page: "cluster"; name: string }
  | { page: "sign-in"; next: string }
  | { page: "unknown"; path: string };

/** The page that a URL means. The inverse of `paths`; what nobody made is `unknown`. */
export function routeOf(url: Pick<URL, "pathname" | "searchParams">): Route {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const [first = "apps", second] = parts.map(decode);
  if (parts.length <= 2 && first === "apps")
    return second === undefined
      ? { page: "apps", filters: filtersOf(url.searchParams) }
      : { page: "app", name: second };
  if (parts.length <= 2 && first === "clusters")
    return second === undefined ? { page: "clusters" } : { page: "cluster", name: second };
  if (parts.length === 1 && first === "login") return { page: "sign-in", next: ownPath(url.searchParams.get("next")) };
  return { page: "unknown", path: url.pathname };
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
  return next !== null && /^\/(?![/\\])/.test(next) ? next : paths.apps();
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
