import { useQueryClient } from "@tanstack/react-query";
import { call } from "./api/call.ts";
import { KeyHelp } from "./keys/help.tsx";
import { paths } from "./router/paths.ts";
import type { Route } from "./router/route.ts";
import { Link } from "./router/router.tsx";
import { Brand } from "./ui/brand.tsx";
import { useLive } from "./ui/live.tsx";
import { Mark } from "./ui/mark.tsx";
import { ThemeToggle } from "./ui/theme.tsx";

const places = [
  { title: "Overview", path: paths.overview(), pages: ["overview"] },
  { title: "Apps", path: paths.apps(), pages: ["apps", "app", "release"] },
  { title: "Clusters", path: paths.clusters(), pages: ["clusters", "cluster"] },
] as const;

export function TopBar({ name, page }: { name: string | undefined; page: Route["page"] }) {
  const { connected } = useLive();
  const client = useQueryClient();
  const signOut = async () => {
    await call("signOut", {});
    client.clear();
    window.location.assign(paths.signIn());
  };
  return (
    <header className="bar">
      <Link to={paths.overview()} className="brand" aria-label="Quipu: overview">
        <Brand /> Quipu
      </Link>
      <nav aria-label="Pages">
        {places.map(({ title, path, pages }) => (
          <Link key={title} to={path} aria-current={(pages as readonly string[]).includes(page) ? "page" : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <span className="spring" />
      <output className="small dim">
        {connected === true ? <Mark health="good" word="live" /> : <Mark health="wait" word="connecting" />}
      </output>
      <KeyHelp />
      <ThemeToggle />
      {name === undefined ? null : (
        <span className="me small">
          <span className="dim">{name}</span>
          <button type="button" className="plain" onClick={() => void signOut().catch(() => undefined)}>
            Sign out
          </button>
        </span>
      )}
    </header>
  );
}
