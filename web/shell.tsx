import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { ApiProblem } from "./api/call.ts";
import { whoami } from "./api/queries.ts";
import { useKeys } from "./keys/use-keys.ts";
import { AppPage } from "./pages/app/app-page.tsx";
import { AppsPage } from "./pages/apps/apps-page.tsx";
import { ClusterPage } from "./pages/clusters/cluster-page.tsx";
import { ClustersPage } from "./pages/clusters/clusters-page.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { ReleasePage } from "./pages/release/release-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { UnknownPage } from "./pages/unknown-page.tsx";
import { paths } from "./router/paths.ts";
import type { Route } from "./router/route.ts";
import { useRouter } from "./router/router.tsx";
import { TopBar } from "./top-bar.tsx";
import { LiveProvider, StaleNote } from "./ui/live.tsx";
import { Failure } from "./ui/states.tsx";

/** Whoever isn't signed in sees the sign-in page; everybody else the bar and a page. */
export function Shell() {
  const { route, go } = useRouter();
  const me = useQuery(whoami);
  const signedOut = me.error instanceof ApiProblem && me.error.status === 401;
  useEffect(() => {
    if (signedOut && route.page !== "sign-in") go(paths.signIn(wanted()), { replace: true });
  }, [signedOut, route.page, go]);
  useGoKeys();

  if (route.page === "sign-in") return <SignInPage next={route.next} signedIn={me.isSuccess && !signedOut} />;
  // Nothing is asked for, or shown, before it is clear who asks: no page flashes up on the way to the sign-in.
  if (signedOut || me.isPending) return null;
  if (me.error !== null && me.data === undefined) return <Failure error={me.error} retry={() => void me.refetch()} />;
  return (
    <LiveProvider>
      <TopBar name={me.data?.name} page={route.page} />
      <main>
        <StaleNote />
        {pageOf(route)}
      </main>
    </LiveProvider>
  );
}

/** Where to go on after signing in. Undefined: the start page, which nobody has to be told of. */
function wanted(): string | undefined {
  const { pathname, search } = window.location;
  return pathname === "/" ? undefined : `${pathname}${search}`;
}

function pageOf(route: Exclude<Route, { page: "sign-in" }>): ReactNode {
  switch (route.page) {
    case "overview":
      return <OverviewPage filters={route.filters} />;
    case "release":
      return (
        <ReleasePage key={`${route.app}/${route.number}`} app={route.app} number={route.number} focus={route.focus} />
      );
    case "apps":
      return <AppsPage filters={route.filters} />;
    case "app":
      return <AppPage key={route.name} name={route.name} />;
    case "clusters":
      return <ClustersPage />;
    case "cluster":
      return <ClusterPage key={route.name} name={route.name} />;
    case "unknown":
      return <UnknownPage path={route.path} />;
  }
}

/** `g`, then a letter within a second. */
function useGoKeys(): void {
  const { go } = useRouter();
  const since = useRef(0);
  const then = (path: string) => (event: KeyboardEvent) => {
    if (event.timeStamp - since.current < 1000) go(path);
  };
  useKeys({
    g: (event) => void (since.current = event.timeStamp),
    o: then(paths.overview()),
    a: then(paths.apps()),
    c: then(paths.clusters()),
  });
}
