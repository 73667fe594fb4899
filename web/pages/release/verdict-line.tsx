import type { Verdict } from "../../../src/rollout/verdict.ts";
import { count } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import type { Health } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { figuresOf } from "./verdict-figures.ts";

const told: Record<Verdict["kind"], { health: Health; word: string }> = {
  pass: { health: "good", word: "passed" },
  fail: { health: "bad", word: "failed" },
  undecided: { health: "wait", word: "no verdict" },
  "no-traffic": { health: "wait", word: "no traffic" },
  "no-data": { health: "wait", word: "no data" },
};

/** What was found, in words and with the figures that it rests on. */
export function VerdictLine({ verdict, sofar }: { verdict: Verdict; sofar: boolean }) {
  const { health, word } = told[verdict.kind];
  const { looks, heard, total } = verdict.figures;
  return (
    <span className="verdict">
      <Glow value={verdict.kind}>
        <Mark
          health={health}
          word={
            sofar && verdict.kind === "pass"
              ? "good so far:"
              : sofar && verdict.kind === "undecided"
                ? "no verdict yet:"
                : `${word}:`
          }
        />
      </Glow>{" "}
      {verdict.reason}{" "}
      <span className="small dim figures">
        {[...figuresOf(verdict.figures), count(looks, "look"), `${heard} of ${total} proxies heard`].join(" · ")}
      </span>
    </span>
  );
}
