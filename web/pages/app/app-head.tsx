import type { AppState, AppView, ExposedHost } from "../../api/views.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { nothing } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { appHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Bone } from "../../ui/states.tsx";

export function AppHead({
  name,
  app,
  status,
  hosts,
}: {
  name: string;
  app: AppView | undefined;
  status: AppState | undefined;
  hosts: readonly ExposedHost[];
}) {
  const told = status === undefined ? undefined : appHealth(status);
  const trouble = status?.conditions.find((condition) => condition.status !== "True")?.message;
  return (
    <header className="app-head">
      <div>
        <p className="crumbs small">
          <Link to={paths.apps()}>Apps</Link> /
        </p>
        <h1>{name}</h1>
      </div>
      <dl className="facts">
        <Fact title="Health">{told === undefined ? <Bone /> : <Mark health={told.health} word={told.word} />}</Fact>
        <Fact title="Pods ready">
          {status === undefined ? (
            <Bone width="3em" />
          ) : (
            <Glow value={`${status.pods.ready}/${status.pods.total}`}>
              {status.pods.ready} / {status.pods.total}
            </Glow>
          )}
        </Fact>
        <Fact title="Revision" hint="The workload that carries the traffic: r7 was made by release 7">
          {status === undefined ? (
            <Bone width="2em" />
          ) : (
            <Glow value={status.revision}>{status.revision ?? nothing}</Glow>
          )}
        </Fact>
        <Fact title="Segment">
          {app === undefined ? (
            <Bone width="4em" />
          ) : (
            <Link to={paths.apps({ segment: app.spec.segment })}>{app.spec.segment}</Link>
          )}
        </Fact>
        <Fact title="Team">
          {app === undefined ? (
            <Bone width="4em" />
          ) : (
            <Link to={paths.apps({ team: app.spec.team })}>{app.spec.team}</Link>
          )}
        </Fact>
        <Fact title="Clusters">
          {status === undefined ? (
            <Bone width="8em" />
          ) : status.clusters.length === 0 ? (
            nothing
          ) : (
            status.clusters.map(({ name: cluster }, index) => (
              <span key={cluster}>
                {index === 0 ? null : ", "}
                <Link to={paths.cluster(cluster)}>{cluster}</Link>
              </span>
            ))
          )}
        </Fact>
        {hosts.length === 0 ? null : (
          <Fact title="Exposed at" hint="Hosts at the ingress gateway of each cluster">
            {hosts.map(({ host, path }) => `${host}${path}`).join(", ")}
          </Fact>
        )}
      </dl>
      {trouble === undefined ? null : (
        <p className="note">
          <Mark health="bad" word={trouble} />
        </p>
      )}
    </header>
  );
}

function Fact({ title, hint, children }: { title: string; hint?: string; children: React.ReactNode }) {
  return (
    <div title={hint}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
