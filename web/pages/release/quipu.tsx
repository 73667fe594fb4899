import type { ReleaseView, StepView } from "../../../src/release/release-view.ts";
import { useKeys } from "../../keys/use-keys.ts";
import { Glow } from "../../ui/glow.tsx";
import { rowsOf } from "./cord-layout.ts";
import { foldable, unfolded } from "./fold.ts";
import { MainCord } from "./main-cord.tsx";
import { releaseSentence, stepSentence } from "./quipu-words.ts";
import { Wave } from "./wave.tsx";

interface QuipuProps {
  view: ReleaseView;
  chosen: string | undefined;
  opened: readonly number[];
  readonly choose: (cluster: string) => void;
  readonly setOpened: (waves: number[]) => void;
}

/** The release as a quipu: the main cord with the stages of the whole fleet, from it a cord for each cluster in its wave. */
export function Quipu({ view, chosen, opened, choose, setOpened }: QuipuProps) {
  const { waves, stages, revision } = view;
  const open = unfolded(waves, opened);
  const shown = waves.flatMap(({ clusters }, index) => (open.has(index + 1) ? clusters : []));
  const step = (by: number) => () => {
    if (shown.length === 0) return;
    const at = shown.findIndex(({ cluster }) => cluster === chosen);
    const next = shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))]!.cluster;
    choose(next);
    document
      .querySelector(`.cord-head[data-cluster="${CSS.escape(next)}"]`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  useKeys({ ArrowLeft: step(-1), ArrowRight: step(1) });
  const { before, after } = aroundWaves(stages);
  const rows = rowsOf(waves.flatMap(({ clusters }) => clusters));
  return (
    <section className="quipu" aria-label={`Release ${view.number} as a quipu`}>
      <p className="only-spoken">{releaseSentence(view)}</p>
      <div className="quipu-frame">
        {before.map((stage) => (
          <StageKnot key={stage.do} stage={stage} />
        ))}
        {waves.map((wave, index) => (
          <Wave
            key={wave.name}
            wave={wave}
            revision={revision}
            rows={rows}
            open={open.has(index + 1)}
            toggle={
              foldable(waves, wave)
                ? () =>
                    setOpened(
                      opened.includes(index + 1) ? opened.filter((each) => each !== index + 1) : [...opened, index + 1],
                    )
                : undefined
            }
            chosen={chosen}
            choose={choose}
          />
        ))}
        {after.map((stage) => (
          <StageKnot key={stage.do} stage={stage} />
        ))}
        <span className="rest" aria-hidden="true">
          <MainCord state={view.phase === "finished" ? "done" : "waiting"} />
        </span>
      </div>
    </section>
  );
}

function StageKnot({ stage }: { stage: StepView }) {
  const { state } = stage;
  return (
    <div className={`stage ${state}`} title={stepSentence(stage)}>
      <p className="small">
        <Glow value={state}>{stage.label}</Glow>
        <span className="only-spoken">{stepSentence(stage).slice(stage.label.length)}</span>
      </p>
      <MainCord state={state} knot={state} />
    </div>
  );
}

/** Stages of the fleet that stand before the waves and after them. The way back leads to the beginning of the cord. */
export function aroundWaves(stages: readonly StepView[]): { before: StepView[]; after: StepView[] } {
  const isWave = ({ do: kind }: StepView) => kind === "wave" || kind === "unwave";
  const others = stages.filter((stage) => !isWave(stage));
  if (stages.some(({ do: kind }) => kind === "restore")) return { before: others.toReversed(), after: [] };
  const first = stages.findIndex(isWave);
  const last = stages.findLastIndex(isWave);
  return {
    before: stages.filter((stage, index) => !isWave(stage) && index < (first < 0 ? stages.length : first)),
    after: stages.filter((stage, index) => !isWave(stage) && first >= 0 && index > last),
  };
}
