import { useQuery } from "@tanstack/react-query";
import { clusterIngress } from "../../api/queries.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Copyable } from "../../ui/copyable.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Failure } from "../../ui/states.tsx";

/** Where requests from outside enter the cluster, and how to call what is exposed there. */
export function IngressPanel({ name, known }: { name: string; known: boolean }) {
  const { data, error, refetch } = useQuery({ ...clusterIngress(name), enabled: known });
  return (
    <Panel title="Ingress" aside={data?.hosts.length}>
      {error !== null && data === undefined ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <p className="pad">
          <Bone width="60%" />
        </p>
      ) : (
        <ul className="failures ingress">
          {data.gateways.length === 0 ? <li className="dim">No ingress gateway runs here.</li> : null}
          {data.gateways.map(({ pod, state, http, https }) => (
            <li key={pod}>
              <Mark health={state === "ready" ? "good" : "bad"} word={`gateway ${state}`} />
              <span className="dim">http</span> <code>{http}</code> <span className="dim">https</span>{" "}
              <code>{https}</code>
            </li>
          ))}
          {data.hosts.length === 0 ? <li className="dim">No app exposes a host here (spec.expose).</li> : null}
          {data.hosts.map(({ app, host, path, curl, stage }) => (
            <li key={`${host}${path} ${app}`}>
              <p>
                {host}
                {path} <span className="dim">→</span>{" "}
                <Link to={paths.app(app)} className="name">
                  {app}
                </Link>
                {stage === "open" ? null : <Mark health="wait" word={stage} />}
              </p>
              {curl === undefined ? null : <Copyable command={curl} />}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
