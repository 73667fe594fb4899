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
  label: string;
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
    hooks: { draw: [(chart) => drawMoments(chart, latest.current.moments ?? [], token("ink-3"))] },
  };
}

function drawMoments(chart: uPlot, moments: readonly Moment[], colour: string): void {
  const { ctx, bbox, scales } = chart;
  for (const { at } of moments) {
    const seconds = at / 1000;
    if (seconds < (scales.x?.min ?? Infinity) || seconds > (scales.x?.max ?? -Infinity)) continue;
    const x = Math.round(chart.valToPos(seconds, "x", true));
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, bbox.top + 3, 3, 0, 2 * Math.PI); // a knot on the cord
    ctx.fill();
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

function spoken({ title, lines, format }: ChartProps): string {
  const last = lines.map(({ label, values }) => {
    const value = values.findLast((each) => each !== null);
    return `${label} ${value === undefined || value === null ? "not known" : format(value)}`;
  });
  return `${title} over the last ten minutes; now ${last.join(", ")}`;
}
