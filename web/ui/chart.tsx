import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Line {
  label: string;
  values: readonly (number | null)[];
  /** A token of style/tokens.css. */
  colour: "accent" | "series-2" | "bad";
  filled?: boolean;
}
/** Something that happened at a time: a release that could have touched what is drawn. */
export interface Moment {
  at: number;
  /** Absent: it goes on. */
  endedAt?: number;
  label: string;
  failed?: boolean;
  /** Of what is drawn itself; else of a neighbour, and fainter. */
  own?: boolean;
}
export interface ChartProps {
  title: string;
  /** Unix ms of the first point, and between points. */
  from: number;
  stepMs: number;
  lines: readonly Line[];
  moments?: readonly Moment[];
  /** At least this high, so that noise at the bottom doesn't look like a mountain. */
  least: number;
  format: (value: number) => string;
}

const height = 118;

/** A small chart over time. Its place is there before its data; cursors of all charts on the page move together. */
export function Chart(props: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  const shape = props.lines.map(({ label, colour }) => label + colour).join();
  useEffect(() => {
    latest.current = props;
    plot.current?.setData(dataOf(props));
  });
  useEffect(() => {
    const { current: place } = element;
    if (place === null) return undefined;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(latest, place), dataOf(latest.current), place);
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: place.clientWidth, height }));
    resized.observe(place);
    // Canvases know no custom properties: with another theme they are drawn anew.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      system.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- another set of lines needs another plot
  }, [shape]);
  return (
    <figure className="chart">
      <div ref={element} style={{ height }} aria-hidden="true" />
      <figcaption className="only-spoken">{spoken(props)}</figcaption>
    </figure>
  );
}

function dataOf({ from, stepMs, lines }: ChartProps): uPlot.AlignedData {
  const times = (lines[0]?.values ?? []).map((_, index) => (from + (index + 1) * stepMs) / 1000);
  return [times, ...lines.map(({ values }) => [...values])];
}

function options(latest: { current: ChartProps }, place: HTMLElement): uPlot.Options {
  const token = (name: string) => resolve(place, name);
  const axis = { stroke: token("ink-3"), font: `10px ${getComputedStyle(place).fontFamily}`, ticks: { show: false } };
  return {
    width: place.clientWidth,
    height,
    padding: [6, 6, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "quipu" }, y: false, points: { size: 5 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, highest) => [0, Math.max(latest.current.least, (highest ?? 0) * 1.08)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 16, gap: 2, space: 70, values: (_, times) => times.map(clock) },
      {
        ...axis,
        grid: { stroke: token("line"), width: 1 },
        size: 34,
        gap: 4,
        space: 26,
        values: (_, values) => values.map((value) => Number(value.toPrecision(3)).toLocaleString("en")),
      },
    ],
    series: [
      {},
      ...latest.current.lines.map(({ label, colour, filled }) => ({
        label,
        stroke: token(colour),
        width: 1.5,
        points: { show: false },
        spanGaps: false,
        ...(filled === true && { fill: `${token(colour)}1f` }),
      })),
    ],
    hooks: {
      draw: [
        (chart) => drawMoments(chart, latest.current.moments ?? [], { calm: token("ink-3"), failed: token("bad") }),
      ],
    },
  };
}

/** A band for as long as it took; a line with a knot on top where it began, with a cross where it was taken back. */
function drawMoments(chart: uPlot, moments: readonly Moment[], colours: { calm: string; failed: string }): void {
  const { ctx, bbox, scales } = chart;
  const { min = Infinity, max = -Infinity } = scales.x ?? {};
  const place = (ms: number) => Math.round(chart.valToPos(Math.min(max, Math.max(min, ms / 1000)), "x", true));
  for (const { at, endedAt, failed = false, own = true } of moments) {
    if (at / 1000 > max || (endedAt ?? Infinity) / 1000 < min) continue;
    const [from, to] = [place(at), place(endedAt ?? max * 1000)];
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = failed ? colours.failed : colours.calm;
    ctx.globalAlpha = own ? 0.1 : 0.05;
    ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
    ctx.globalAlpha = own ? 1 : 0.45;
    if (at / 1000 >= min) {
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(from, bbox.top);
      ctx.lineTo(from, bbox.top + bbox.height);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.beginPath();
      ctx.arc(from, bbox.top + 3, 3, 0, 2 * Math.PI);
      ctx.fill();
    }
    if (failed && endedAt !== undefined) {
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      for (const slope of [1, -1]) {
        ctx.moveTo(to - 3, bbox.top + 3 - 3 * slope);
        ctx.lineTo(to + 3, bbox.top + 3 + 3 * slope);
      }
      ctx.stroke();
    }
    ctx.restore();
  }
}

/** The colour that a token has now, as `#rrggbb`. */
function resolve(place: HTMLElement, token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${token})`;
  place.append(probe);
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return `#${[red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function spoken({ title, lines, format, moments = [] }: ChartProps): string {
  const last = lines.map(({ label, values }) => {
    const value = values.findLast((each) => each !== null);
    return `${label} ${value === undefined || value === null ? "not known" : format(value)}`;
  });
  const marked = moments.length === 0 ? "" : `; marked: ${moments.map(({ label }) => label).join(", ")}`;
  return `${title} over the last ten minutes; now ${last.join(", ")}${marked}`;
}
