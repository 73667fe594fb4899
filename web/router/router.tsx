import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  useState,
  type AnchorHTMLAttributes,
  type ReactNode,
} from "react";
import { routeOf, type Route } from "./route.ts";

interface Router {
  route: Route;
  /** Adds to the history; `replace` takes the place of the newest entry. */
  readonly go: (path: string, options?: { replace?: boolean }) => void;
}

const Current = createContext<Router | null>(null);

export function RouterProvider({ children }: { children: ReactNode }) {
  const [href, setHref] = useState(window.location.href);
  useEffect(() => {
    const moved = () => setHref(window.location.href);
    window.addEventListener("popstate", moved);
    return () => window.removeEventListener("popstate", moved);
  }, []);
  const router = useMemo<Router>(
    () => ({
      route: routeOf(new URL(href)),
      go: (path, { replace = false } = {}) => {
        window.history[replace ? "replaceState" : "pushState"](null, "", path);
        if (!replace) window.scrollTo(0, 0);
        setHref(window.location.href);
      },
    }),
    [href],
  );
  return <Current value={router}>{children}</Current>;
}

export function useRouter(): Router {
  const router = useContext(Current);
  if (router === null) throw new Error("useRouter outside of RouterProvider");
  return router;
}

/** A link within the UI. New tabs and downloads stay the browser's business. */
export function Link({ to, children, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const { go } = useRouter();
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
