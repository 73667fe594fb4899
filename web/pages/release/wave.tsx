import type { WaveView } from "../../../src/release/release-view.ts";
import { Glow } from "../../ui/glow.tsx";
import { Bundle } from "./bundle.tsx";
import { Cord } from "./cord.tsx";
import { rowsOf } from "./cord-layout.ts";
import { mostCords } from "./fold.ts";
import { MainCord, type SegmentState } from "./main-cord.tsx";
import { waveSentence } from "./quipu-words.ts";

const segments: Record<WaveView["state"], SegmentState> = {
  waiting: "waiting",
  running: "running",
  done: "done",
  "going back": "back",
  "taken back": "back",
};

interface WaveProps {
  wave: WaveView;
  revision: string | null;
  rows: number;
  open: boolean;
  /** Absent: it can't be folded. */
  toggle: (() => void) | undefined;
  chosen: string | undefined;
  readonly choose: (cluster: string) => void;
}

/** The cords of a wave, or one for all of them. */
export function Wave({ wave, revision, rows, open, toggle, chosen, choose }: WaveProps) {
  const sentence = waveSentence(wave);
  return (
    <section className="wave" aria-label={`${wave.name}: ${wave.state}`}>
      <header>
        <h3>
          {wave.name} <Glow value={wave.state}>· {wave.state}</Glow>
        </h3>
        <p className="small dim">
          {sentence}{" "}
          {toggle === undefined ? null : (
            <button type="button" className="plain link" aria-expanded={open} onClick={toggle}>
              {open ? "Fold" : "Unfold"}
            </button>
          )}
        </p>
      </header>
      <MainCord state={segments[wave.state]} />
      {open ? (
        <ul className="cords">
          {wave.clusters.map((cluster) => (
            <Cord
              key={cluster.cluster}
              cluster={cluster}
              revision={revision}
              rows={rows}
              narrow={wave.clusters.length > mostCords}
              chosen={chosen === cluster.cluster}
              choose={choose}
            />
          ))}
        </ul>
      ) : (
        <Bundle wave={wave} rows={Math.max(rows, rowsOf(wave.clusters))} />
      )}
    </section>
  );
}
