import type { Operations } from "../../generated/api.ts";
import { Chart, type Line, type Moment } from "../../ui/chart.tsx";
import { bytes, nothing, number, percent } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { Bone } from "../../ui/states.tsx";

type Series = Operations["appSignals"]["answer"]["series"];
type Golden = Operations["appSignals"]["answer"]["total"];

/** Rate, errors and duration side by side, and what has no curve: saturation. */
export function GoldenCharts({
  total,
  series,
  moments = [],
  talksRequests = true,
}: {
  total: Golden | undefined;
  series: Series | undefined;
  moments?: readonly Moment[];
  talksRequests?: boolean;
}) {
  const chart = { from: series?.from ?? 0, stepMs: series?.stepMs ?? 1, moments };
  const line = (
    label: string,
    values: readonly (number | null)[] | undefined,
    colour: Line["colour"],
    filled = false,
  ): Line => ({ label, values: values ?? [], colour, filled });
  return (
    <div className="charts">
      <Small title="Requests" unit="/s" value={total === undefined ? undefined : number(total.rate)}>
        <Chart
          title="Requests"
          {...chart}
          lines={[line("requests a second", series?.rate, "accent", true)]}
          least={1}
          format={number}
        />
      </Small>
      <Small title="Errors" unit="%" value={total === undefined ? undefined : percent(total.errors)}>
        <Chart
          title="Errors"
          {...chart}
          lines={[line("percent", series?.errors, "bad", true)]}
          least={5}
          format={number}
        />
      </Small>
      <Small
        title="Duration"
        unit="ms"
        value={
          total === undefined ? undefined : total.p99 === null ? nothing : `${number(total.p50)} · ${number(total.p99)}`
        }
        hint="p50 · p99"
      >
        <Chart
          title="Duration"
          {...chart}
          lines={[line("p99 ms", series?.p99, "accent"), line("p50 ms", series?.p50, "series-2")]}
          least={5}
          format={number}
        />
      </Small>
      <section className="chart-box" aria-label="Load">
        <header>
          <h2>Load</h2>
        </header>
        <dl className="facts">
          {talksRequests ? (
            <Fact title="Under way" value={total && whole(total.active)} />
          ) : (
            <Fact title="New connections" unit="/s" value={total && number(total.newConnections)} />
          )}
          <Fact title="Connections" value={total && whole(total.connections)} />
          <Fact title="Timed out" unit="/s" value={total && number(total.timeouts)} />
          <Fact title="Pool full" unit="/s" value={total && number(total.overflows)} />
          <Fact title="Tried again" unit="/s" value={total && number(total.retries)} />
          <Fact title="Bytes" unit="/s" value={total && bytes(total.received + total.sent)} />
        </dl>
      </section>
    </div>
  );
}

function Small({
  title,
  unit,
  value,
  hint,
  children,
}: {
  title: string;
  unit: string;
  value: string | undefined;
  hint?: string;
  children: React.ReactNode;
}) {
  return (
    <section className="chart-box" aria-label={title}>
      <header>
        <h2>
          {title} <span className="unit">{unit}</span>
          {hint === undefined ? null : <span className="unit"> {hint}</span>}
        </h2>
        <span className="figure">{value === undefined ? <Bone width="3em" /> : <Glow value={value} />}</span>
      </header>
      {children}
    </section>
  );
}

function Fact({ title, unit, value }: { title: string; unit?: string; value: string | undefined }) {
  return (
    <div>
      <dt>
        {title} {unit === undefined ? null : <span className="unit">{unit}</span>}
      </dt>
      <dd>{value === undefined ? <Bone width="2em" /> : <Glow value={value} />}</dd>
    </div>
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
