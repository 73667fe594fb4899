import { useQuery } from "@tanstack/react-query";
import { appInstances } from "../../api/queries.ts";
import type { Operations } from "../../generated/api.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Age } from "../../ui/age.tsx";
import type { Health } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";

type Instance = Operations["appInstances"]["answer"]["instances"][number];
const health: Record<Instance["state"], Health> = {
  ready: "good",
  "not ready": "bad",
  starting: "wait",
  stopping: "wait",
  ended: "unknown",
};

export function InstancesPanel({ name, known }: { name: string; known: boolean }) {
  const query = useQuery({ ...appInstances(name), enabled: known });
  const { data, error } = query;
  return (
    <Panel
      title="Instances"
      aside={
        data === undefined
          ? undefined
          : `${data.instances.filter(({ state }) => state === "ready").length} of ${data.instances.length} ready`
      }
    >
      {data === undefined && error !== null ? <Failure error={error} retry={() => void query.refetch()} /> : null}
      {data?.unreachable.map(({ cluster, error }) => (
        <p key={cluster} className="note">
          <Mark health="bad" word={`${cluster} can’t be asked: ${error}`} />
        </p>
      ))}
      {data?.instances.length === 0 && data.unreachable.length === 0 ? (
        <Empty title="Nothing runs yet" command={`npx quipu deploy ${name} --from DIR`}>
          Pods appear here as soon as the app is deployed.
        </Empty>
      ) : (
        <table className="table dense">
          <colgroup>
            <col />
            <col style={{ width: 98 }} />
            <col style={{ width: 46 }} />
            <col style={{ width: 98 }} />
            <col style={{ width: 72 }} />
            <col style={{ width: 66 }} />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Pod</th>
              <th scope="col">Cluster</th>
              <th scope="col">Rev</th>
              <th scope="col">State</th>
              <th scope="col" className="num">
                Restarts
              </th>
              <th scope="col" className="num">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {data === undefined ? (
              <Bones />
            ) : (
              data.instances.map((instance) => (
                <Row key={instance.cluster + instance.pod} instance={instance} app={name} />
              ))
            )}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Row({ instance, app }: { instance: Instance; app: string }) {
  const { cluster, pod, revision, state, reason, restarts, startedAt } = instance;
  return (
    <>
      <tr className={reason === undefined ? undefined : "led"}>
        <td title={`npx quipu logs ${app} --pod ${pod}`}>
          <code>{pod}</code>
        </td>
        <td>
          <Link to={paths.cluster(cluster)}>{cluster}</Link>
        </td>
        <td>{revision}</td>
        <td>
          <Mark health={health[state]} word={state} />
        </td>
        <td className="num">{restarts}</td>
        <td className="num">
          <Age since={startedAt} />
        </td>
      </tr>
      {reason === undefined || reason === state ? null : (
        <tr className="reason">
          <td colSpan={6} title={reason}>
            {reason}
          </td>
        </tr>
      )}
    </>
  );
}

function Bones() {
  return [0, 1].map((index) => (
    <tr key={index}>
      <td colSpan={6}>
        <Bone width="60%" />
      </td>
    </tr>
  ));
}
