import type { ClusterView, ReleaseView } from "../../../src/release/release-view.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Panel } from "../../ui/panel.tsx";
import { wayOf } from "./cord-layout.ts";
import { toldOf } from "./quipu-words.ts";
import { RevisionTable } from "./revision-table.tsx";
import { StepTable } from "./step-table.tsx";

/** The cord that was chosen, in full: its revisions and pods, its steps with receipts and verdicts. */
export function ClusterPanel({ view, cluster }: { view: ReleaseView; cluster: ClusterView }) {
  const { health, word } = toldOf(cluster.state);
  return (
    <Panel
      title={cluster.cluster}
      aside={
        <>
          <Mark health={health} word={word} /> · <Link to={paths.cluster(cluster.cluster)}>cluster</Link>
        </>
      }
      className="cluster-panel"
    >
      <RevisionTable app={view.app} cluster={cluster} live={view.endedAt === undefined} />
      <StepTable steps={wayOf(cluster).map(({ step }) => step)} failure={failureIn(view, cluster.cluster)} />
    </Panel>
  );
}

/** The reason, where it was seen in this cluster. */
function failureIn({ events, reason }: ReleaseView, cluster: string): string | undefined {
  const turned = events.find((event) => event.text.startsWith("goes back: "));
  return turned?.cluster === cluster ? (reason ?? turned.text) : undefined;
}
