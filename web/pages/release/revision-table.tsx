import { useQuery } from "@tanstack/react-query";
import type { ClusterView, RevisionView } from "../../../src/release/release-view.ts";
import { appInstances } from "../../api/queries.ts";
import { count, duration, number } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { podsHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Pods } from "./pods.tsx";
import { WeightBar } from "./weight-bar.tsx";

const roles: Record<RevisionView["role"], string> = { new: "new", good: "good", other: "old" };

/** Revisions of the app in one cluster: what each is asked to carry, what it gets, its pods. */
export function RevisionTable({ app, cluster, live }: { app: string; cluster: ClusterView; live: boolean }) {
  const instances = useQuery(appInstances(app));
  const there = instances.data?.instances.filter((each) => each.cluster === cluster.cluster);
  const { lately } = cluster;
  if (cluster.revisions.length === 0) return <p className="pad dim">Nothing of {app} runs here.</p>;
  return (
    <table className="table dense revisions">
      <colgroup>
        <col style={{ width: 110 }} />
        <col style={{ width: 78 }} />
        <col style={{ width: 128 }} />
        <col style={{ width: 78 }} />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Revision</th>
          <th scope="col" className="num">
            Asked <span className="unit">%</span>
          </th>
          <th
            scope="col"
            className="num"
            title={
              lately === undefined ? undefined : `Of ${count(lately.requests, "request")} in ${duration(lately.overMs)}`
            }
          >
            Actual <span className="unit">%</span>
          </th>
          <th scope="col" className="num">
            Ready
          </th>
          <th scope="col">Pods</th>
        </tr>
      </thead>
      <tbody>
        {cluster.revisions.map(({ revision, role, weight, actual, ready, total, reason }) => (
          <tr key={revision}>
            <td>
              <span className="name">{revision}</span> <span className="dim">{roles[role]}</span>
            </td>
            <td className="num">
              <Glow value={weight} />
            </td>
            <td className="num">
              <WeightBar asked={weight} actual={actual} />{" "}
              <span className="actual-figure">
                <Glow value={number(actual)} />
              </span>
            </td>
            <td className="num">
              <Glow value={`${ready}/${total}`}>
                <Mark health={podsHealth({ ready, total })} word={`${ready} / ${total}`} />
              </Glow>
            </td>
            <td title={reason}>
              <Pods instances={there?.filter((each) => each.revision === revision)} reason={reason} />
            </td>
          </tr>
        ))}
      </tbody>
      <caption className="small dim">
        {lately === undefined
          ? live
            ? "What each gets isn’t known yet: proxies are asked every few seconds."
            : ""
          : lately.requests === 0
            ? `No requests in the last ${duration(lately.overMs)}.`
            : `Actual: of ${count(lately.requests, "request")} in the last ${duration(lately.overMs)}, as the proxies counted.`}
      </caption>
    </table>
  );
}
