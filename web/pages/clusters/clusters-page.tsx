import { useQuery } from "@tanstack/react-query";
import { clusterList } from "../../api/queries.ts";
import type { ClusterView } from "../../api/views.ts";
import { paths } from "../../router/paths.ts";
import { Link, useRouter } from "../../router/router.tsx";
import { age, nothing } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { clusterHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";
import { useRowKeys } from "../../keys/use-row-keys.ts";

const columns = [
  { title: "Cluster", width: "15%" },
  { title: "Health", width: "12%" },
  { title: "Region", width: "12%" },
  { title: "Labels", width: "15%" },
  { title: "Apps", width: "7%", numeric: true },
  { title: "Pods ready", width: "9%", numeric: true },
  { title: "View age", width: "8%", numeric: true },
  { title: "What is wrong", width: "22%" },
] as const;

/** All clusters: how they are, and how old what we know of them is. */
export function ClustersPage() {
  const { go } = useRouter();
  const clusters = useQuery(clusterList);
  const rows = clusters.data ?? [];
  const { selected, select } = useRowKeys({
    count: rows.length,
    reveal: () => undefined,
    open: (index) => go(paths.cluster(rows[index]!.metadata.name)),
    resetOn: "",
  });
  return (
    <section aria-labelledby="title">
      <div className="head">
        <h1 id="title">Clusters</h1>
        <output className="dim">{clusters.data?.length ?? ""}</output>
      </div>
      {clusters.error !== null && clusters.data === undefined ? (
        <Failure error={clusters.error} retry={() => void clusters.refetch()} />
      ) : clusters.data?.length === 0 ? (
        <Empty title="No cluster yet" command="npx quipu up">
          A fleet without clusters runs nothing. Start one with embedded clusters on this machine.
        </Empty>
      ) : (
        <div className="table-frame">
          <table className="table">
            <colgroup>
              {columns.map(({ title, width }) => (
                <col key={title} style={{ width }} />
              ))}
            </colgroup>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.title} scope="col" className={"numeric" in column ? "num" : undefined}>
                    {column.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {clusters.data === undefined
                ? [0, 1].map((index) => <BoneRow key={index} />)
                : rows.map((cluster, index) => (
                    <Row
                      key={cluster.metadata.name}
                      cluster={cluster}
                      selected={selected === index}
                      onSelect={() => select(index)}
                    />
                  ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({
  cluster: { metadata, spec, status },
  selected,
  onSelect,
}: {
  cluster: ClusterView;
  selected: boolean;
  onSelect: () => void;
}) {
  const { health, word } = clusterHealth(status);
  const wrong = status.error ?? status.conditions.find(({ type }) => type === "Healing")?.message;
  const labels = Object.entries(metadata.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return (
    <tr aria-selected={selected} className={selected ? "selected" : undefined} onMouseDown={onSelect}>
      <td>
        <Link to={paths.cluster(metadata.name)} className="name">
          {metadata.name}
        </Link>
      </td>
      <td>
        <Mark health={health} word={word} />
      </td>
      <td>
        {spec.region}
        {spec.zone === undefined ? null : <span className="dim"> / {spec.zone}</span>}
      </td>
      <td className="dim" title={labels.join(", ")}>
        {labels.join(", ")}
      </td>
      <td className="num">
        <Glow value={status.apps} />
      </td>
      <td className="num">
        <Glow value={`${status.pods.ready}/${status.pods.total}`}>
          {status.pods.ready}
          <span className="dim"> / {status.pods.total}</span>
        </Glow>
      </td>
      <td className="num">{age(status.ageMs)}</td>
      <td title={wrong}>{wrong ?? <span className="dim">{nothing}</span>}</td>
    </tr>
  );
}

function BoneRow() {
  return (
    <tr>
      {columns.map((column) => (
        <td key={column.title} className={"numeric" in column ? "num" : undefined}>
          <Bone width="4em" />
        </td>
      ))}
    </tr>
  );
}
