import { useQuery } from "@tanstack/react-query";
import { isMissing } from "../../api/call.ts";
import { app, appSignals, appStatus } from "../../api/queries.ts";
import { releaseMarkers } from "../../api/release-queries.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { paths } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { DriftList } from "../../ui/drift-list.tsx";
import { UnhealthyList } from "../../ui/unhealthy-list.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Failure } from "../../ui/states.tsx";
import { GoldenCharts } from "./app-charts.tsx";
import { AppHead } from "./app-head.tsx";
import { EdgeTable } from "./edge-table.tsx";
import { edgeRows } from "./edges.ts";
import { InstancesPanel } from "./instances-panel.tsx";
import { MissingApp } from "./missing-app.tsx";
import { ReleasesPanel } from "./releases-panel.tsx";
import { momentsOf, ReleaseMarks } from "./release-marks.tsx";
import { RulesPanel } from "./rules-panel.tsx";
import { RunningRelease } from "./running-release.tsx";
import { speechOf } from "./speech.ts";

const ended = new Set(["finished", "failed", "superseded"]);

/** One app: how it does, with whom it talks, under which rules, what runs. */
export function AppPage({ name }: { name: string }) {
  const { go } = useRouter();
  const declared = useQuery(app(name));
  // One question finds out that there is no such app: the others wait for its answer.
  const known = declared.data !== undefined;
  const status = useQuery({ ...appStatus(name), enabled: known });
  const signals = useQuery({ ...appSignals(name), enabled: known });
  const markers = useQuery({ ...releaseMarkers({ app: name }), enabled: known });
  useKeys({ Escape: () => go(paths.apps()) });
  if (isMissing(declared.error)) return <MissingApp name={name} />;
  if (declared.error !== null && declared.data === undefined)
    return <Failure error={declared.error} retry={() => void declared.refetch()} />;
  const speaks = speechOf(declared.data?.spec.workload?.ports);
  const edges = (side: "callers" | "calls", figures: "callers" | "callees") =>
    status.data === undefined ? undefined : edgeRows(status.data[side], signals.data?.[figures] ?? []);
  const { data } = signals;
  const running = (status.data?.releases ?? [])
    .filter((each) => !ended.has(each.status?.phase ?? ""))
    .map(({ spec }) => spec.number)
    .toSorted((a, b) => a - b);
  return (
    <article aria-label={name} className="app-page">
      <AppHead
        name={name}
        app={declared.data}
        status={status.data ?? declared.data?.status}
        hosts={status.data?.hosts ?? []}
      />
      {running.length > 0 ? null : (
        <p className="running-release idle dim">{status.data === undefined ? " " : "No release is under way."}</p>
      )}
      {running.map((number) => (
        <RunningRelease key={number} app={name} number={number} />
      ))}
      <p className="small dim seen-by">
        {signals.error !== null && data === undefined ? (
          <Mark health="wait" word={`No figures: ${signals.error.message}`} />
        ) : data === undefined ? (
          " "
        ) : data.proxies.heard === 0 ? (
          <Mark
            health="unknown"
            word={
              data.proxies.total === 0
                ? "No proxy of this app runs: no figures"
                : `Listening to ${data.proxies.total} ${data.proxies.total === 1 ? "proxy" : "proxies"}; the first figures take a few seconds`
            }
          />
        ) : (
          `Last minute, as ${data.seenBy === "callers" ? "its callers" : "the app itself"} saw it · ${data.proxies.heard} of ${data.proxies.total} proxies heard`
        )}
      </p>
      <GoldenCharts
        total={data?.total}
        series={data?.series}
        moments={momentsOf(markers.data ?? [], name)}
        talksRequests={speaks.some((speech) => speech !== "tcp")}
      />
      <ReleaseMarks markers={markers.data} own={name} />
      <div className="two">
        <EdgeTable
          title="Callers"
          rows={edges("callers", "callers")}
          empty={
            status.data?.hosts.length ? "No app calls it; it is exposed at the ingress gateway." : "Nobody calls it."
          }
        />
        <EdgeTable
          title="Calls"
          rows={edges("calls", "callees")}
          empty="It calls nobody. Whom it may call stands in its spec.calls."
        />
      </div>
      <div className="two">
        <RulesPanel name={name} speaks={speaks} known={known} />
        <div className="stack">
          {status.data === undefined || status.data.unhealthy.length === 0 ? null : (
            <Panel title="Unhealthy" aside={status.data.unhealthy.length}>
              <UnhealthyList objects={status.data.unhealthy} />
            </Panel>
          )}
          {status.data === undefined || status.data.drift.length === 0 ? null : (
            <Panel title="Changed by hand" aside={status.data.drift.length}>
              <DriftList drift={status.data.drift} />
            </Panel>
          )}
          <InstancesPanel name={name} known={known} />
          <ReleasesPanel name={name} known={known} />
        </div>
      </div>
    </article>
  );
}
