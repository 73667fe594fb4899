import { isLive, LiveScreen } from "./live-screen.ts";
import { marks, painter, type Paint } from "./output.ts";
import { awayMs, patiently } from "./patience.ts";
import { span } from "./release-wait.ts";

export interface Canvas {
  columns: number;
  /** Absent: as many lines as it takes. */
  rows?: number;
  paint: Paint;
}
/** What is there now: as a drawing, and as news for a log, which may repeat themselves. */
export interface Look {
  lines: readonly string[];
  news: readonly string[];
}

/** Standard output as it is: no wider than a terminal, as long as it takes. */
export function canvas(): Canvas {
  return { columns: process.stdout.columns ?? 1000, paint: painter(process.stdout) };
}

/** Draws in place on a terminal until Ctrl-C; elsewhere writes news. Rides out a restart of the server. */
export async function watch(looking: (canvas: Canvas) => Promise<Look>): Promise<void> {
  const screen = isLive(process.stdout) ? new LiveScreen(process.stdout) : undefined;
  const { paint } = canvas();
  let last: Look = { lines: [], news: [] };
  let away = false;
  for (;;) {
    const size = screen === undefined ? canvas() : { columns: screen.columns, rows: screen.rows, paint };
    last = await patiently(() => looking(size), {
      forMs: awayMs,
      stopped: () => false,
      away: ({ message }, leftMs) => {
        const words = `${marks.wait} ${message}; it is waited for`;
        screen?.draw([paint("yellow", `${words} ${span(leftMs)} more`), ...last.lines]);
        if (screen === undefined && !away) console.log(words);
        away = true;
      },
    });
    if (away && screen === undefined) console.log("the server answers again");
    away = false;
    if (screen !== undefined) screen.draw(last.lines);
    else for (const line of last.news) console.log(line);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
