import type { ReleaseSummary } from "../../../src/release/release-summary.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Age } from "../../ui/age.tsx";
import { Countdown } from "../../ui/countdown.tsx";
import { nothing } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";
import { TinyQuipu } from "./tiny-quipu.tsx";

interface FleetRowProps {
  release: ReleaseSummary;
  over: boolean;
  selected: boolean;
  readonly select: () => void;
}

export function FleetRow({ release, over, selected, select }: FleetRowProps) {
  const { app, number, phase, cause, acceptedAt, endedAt, wait, moreWaits, waves, weight, reason, revision } = release;
  const { health, word } = releaseHealth({ phase });
  const to = paths.release(app, number);
  return (
    <tr aria-selected={selected} className={selected ? "selected" : undefined} onMouseDown={select}>
      <td>
        <Link to={to} className="name" title={`${release.team} · ${release.segment}`}>
          {app}
        </Link>
      </td>
      <td className="num" title={revision === null ? undefined : `brings ${revision}`}>
        <Link to={to}>{number}</Link>
      </td>
      <td>
        <Glow value={phase}>
          <Mark health={health} word={word} />
        </Glow>
      </td>
      <td>
        <TinyQuipu waves={waves} />
      </td>
      {over ? (
        <td title={reason}>{reason ?? nothing}</td>
      ) : (
        <>
          <td className="num">
            <Glow value={weightWords(weight)} />
          </td>
          <td title={wait?.reason}>
            {wait === null ? (
              <span className="dim">{nothing}</span>
            ) : (
              <>
                {wait.kind === "person" ? <Mark health="wait" word="a person:" /> : null} {wait.reason}
                {moreWaits > 0 ? <span className="dim"> +{moreWaits}</span> : null}
              </>
            )}
          </td>
          <td className="num" title={wait?.then}>
            {wait === null ? nothing : <Countdown until={wait.until} />}
          </td>
        </>
      )}
      <td className="dim" title={cause.message}>
        {cause.kind} by {cause.by}
      </td>
      <td className="num dim">
        <Age since={new Date(endedAt ?? acceptedAt).toISOString()} />
      </td>
    </tr>
  );
}

function weightWords(weight: ReleaseSummary["weight"]): string {
  if (weight === null) return nothing;
  return weight.least === weight.most ? String(weight.most) : `${weight.least}–${weight.most}`;
}
