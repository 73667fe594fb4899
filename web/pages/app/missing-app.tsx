import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Empty } from "../../ui/states.tsx";

/** Never declared, or deleted meanwhile. */
export function MissingApp({ name }: { name: string }) {
  return (
    <Empty title={`There is no app ${name}`} command="npx quipu apply -f app.yaml">
      It was never declared, or it was deleted. Look for it in{" "}
      <Link to={paths.apps()} className="link">
        all apps
      </Link>
      , or declare it.
    </Empty>
  );
}
