import { paths } from "../router/paths.ts";
import { Link } from "../router/router.tsx";
import { Empty } from "../ui/states.tsx";

export function UnknownPage({ path }: { path: string }) {
  return (
    <Empty title="There is no such page">
      <code>{path}</code> leads nowhere.{" "}
      <Link to={paths.apps()} className="link">
        All apps
      </Link>
    </Empty>
  );
}
