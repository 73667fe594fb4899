import { useQuery } from "@tanstack/react-query";
import { clusterList, clusterSignals, clusterWorker } from "../../api/queries.ts";
import { releaseMarkers } from "../../api/release-queries.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { paths } from "../../router/paths.ts";
import { Link, useRouter } from "../../router/router.tsx";
import { age } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { clusterHealth } from "../../ui/health.ts";
import { Copyable } from "../../ui/copyable.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";
import { GoldenCharts } from "../app/app-charts.tsx";
import { momentsOf, ReleaseMarks } from "../app/release-marks.tsx";
import { UnhealthyList } from "../../ui/unhealthy-list.tsx";
import { DriftPanel } from "./drift-panel.tsx";
import { IngressPanel } from "./ingress-panel.tsx";
import { AppFiguresTable } from "./app-figures-table.tsx";
import { PauseNote } from "./pause-note.tsx";

/** One cluster: what arrives there, what its worker has applied, what it refuses, and what was changed by hand. */
export function ClusterPage({ name }: { name: string }) {
  const { go } = useRouter();
  const clusters = useQuery(clusterList);
  const cluster = clusters.data?.find(({ metadata }) => metadata.name === name);
  const enabled = cluster !== undefined;
  const signals = useQuery({ ...clusterSignals(name), enabled });
  const worker = useQuery({ ...clusterWorker(name), enabled });
  const markers = useQuery({ ...releaseMarkers({ cluster: name }), enabled });
  useKeys({ Escape: () => go(paths.clusters()) });
  if (clusters.data === undefined && clusters.error !== null)
    return <Failure error={clusters.error} retry={() => void clusters.refetch()} />;
  if (clusters.data !== undefined && cluster === undefined) {
    return (
      <Empty title={`There is no cluster ${name}`}>
        <Link to={paths.clusters()} className="link">
          All clusters
        </Link>
      </Empty>
    );
  }
  const { kubeconfig, agent } = cluster?.spec.connection ?? {};
  const told = cluster === undefined ? undefined : clusterHealth(cluster.status);
  return (
    <article aria-label={name} className="app-page">
      <header className="app-head">
        <div>
          <p className="crumbs small">
            <Link to={paths.clusters()}>Clusters</Link> /
          </p>
          <h1>{name}</h1>
        </div>
        <dl className="facts">
          <Fact title="Health">{told === undefined ? <Bone /> : <Mark health={told.health} word={told.word} />}</Fact>
          <Fact title="Region">
            {cluster === undefined ? (
              <Bone width="4em" />
            ) : (
              [cluster.spec.region, cluster.spec.zone].filter((part) => part !== undefined).join(" / ")
            )}
          </Fact>
          <Fact title="Apps">
            {cluster === undefined ? (
              <Bone width="2em" />
            ) : (
              <Link to={paths.apps({ cluster: name })}>{cluster.status.apps}</Link>
            )}
          </Fact>
          <Fact title="Pods ready">
            {cluster === undefined ? (
              <Bone width="3em" />
            ) : (
              <Glow value={`${cluster.status.pods.ready} / ${cluster.status.pods.total}`} />
            )}
          </Fact>
          <Fact title="View age">{cluster === undefined ? <Bone width="2em" /> : age(cluster.status.ageMs)}</Fact>
          <Fact title="Objects to apply">
            {worker.data === undefined ? (
              worker.isPending ? (
                <Bone width="2em" />
              ) : (
                "–"
              )
            ) : (
              <Glow value={worker.data.pending} />
            )}
          </Fact>
        </dl>
        {cluster?.status.error === undefined ? null : (
          <p className="note">
            <Mark health="bad" word={cluster.status.error} />
          </p>
        )}
        {cluster === undefined ? null : <PauseNote cluster={cluster} />}
      </header>
      <GoldenCharts total={signals.data?.total} series={signals.data?.series} moments={momentsOf(markers.data ?? [])} />
      <ReleaseMarks markers={markers.data} />
      <div className="two">
        <AppFiguresTable rows={signals.data?.apps} />
        <div className="stack">
          <Panel title="What it refuses" aside={worker.data?.failures.length}>
            {worker.data === undefined ? (
              <p className="pad dim">{worker.isPending ? "…" : "This server doesn’t look after it."}</p>
            ) : worker.data.failures.length === 0 ? (
              <p className="pad">
                <Mark health="good" word="Everything has been taken" />
              </p>
            ) : (
              <ul className="failures">
                {worker.data.failures.map(({ key, error }) => (
                  <li key={key}>
                    <Mark health="bad" word={key} />
                    <p className="dim">{error}</p>
                  </li>
                ))}
              </ul>
            )}
          </Panel>
          {worker.data === undefined || worker.data.unhealthy.count === 0 ? null : (
            <Panel title="Unhealthy" aside={worker.data.unhealthy.count}>
              <UnhealthyList objects={worker.data.unhealthy.objects} all={worker.data.unhealthy.count} />
            </Panel>
          )}
          <DriftPanel name={name} cluster={cluster} worker={worker.data} pending={worker.isPending} />
          <IngressPanel name={name} known={cluster !== undefined} />
          <Panel title="The way in">
            <div className="pad">
              {agent === true ? (
                <>
                  <p className="dim">Its worker is an agent there, which dials out to the server. What runs it:</p>
                  <Copyable command={`npx quipu cluster agent ${name} --image IMAGE --server URL > agent.yaml`} />
                </>
              ) : kubeconfig === undefined ? (
                <Copyable command={`npx quipu cluster kubeconfig ${name} > ${name}.kubeconfig`} />
              ) : (
                <p className="dim">
                  It joined by the context <code>{kubeconfig.context}</code> of a kubeconfig on the server’s machine,
                  which isn’t given away: use one of your own.
                </p>
              )}
            </div>
          </Panel>
        </div>
      </div>
    </article>
  );
}

function Fact({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
