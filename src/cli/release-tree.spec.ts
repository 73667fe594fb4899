import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { columnsOf } from "./fit-line.ts";
import { type Paint, painter, plain } from "./output.ts";
import { releaseTree } from "./release-tree.ts";
import { baseView, clusterAt } from "./release-view.fixture.ts";
import type { ReleaseView } from "./release-view.ts";

/** Views as a server gave them, in `in`; how they are drawn, in `out`. UPDATE_GOLDEN=1 rewrites those. */
const folder = join(import.meta.dirname, "golden");
const names = readdirSync(join(folder, "in")).map((file) => file.replace(/\.json$/, ""));
const read = (name: string) => JSON.parse(readFileSync(join(folder, "in", `${name}.json`), "utf8")) as ReleaseView;

test.each(names)("%s", (name) => {
  const view = read(name);
  const draw = (columns: number, more: object = {}) =>
    releaseTree(view, { now: view.at, columns, paint: plain, ...more }).join("\n");
  const text = [
    draw(100),
    `── every step\n${draw(100, { density: "all" })}`,
    `── 60 columns, 12 lines\n${draw(60, { rows: 12 })}\n`,
  ].join("\n\n");
  const path = join(folder, "out", `${name}.txt`);
  if (process.env.UPDATE_GOLDEN !== undefined) {
    mkdirSync(join(folder, "out"), { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(readFileSync(path, "utf8"));
});

test.each(names)("%s: colour only adds to what the characters say, and nothing is wider than the terminal", (name) => {
  const view = read(name);
  const coloured = painter({ isTTY: true }, {});
  for (const columns of [30, 80]) {
    const lines = releaseTree(view, { now: view.at, columns, paint: coloured });
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(columns);
  }
  // eslint-disable-next-line no-control-regex
  const bare = releaseTree(view, { now: view.at, columns: 100, paint: coloured }).map((line) =>
    line.replace(/\u001b\[\d*m/g, ""),
  );
  expect(bare).toEqual(releaseTree(view, { now: view.at, columns: 100, paint: plain }));
});

/** 50 clusters in two waves: the first is done but for what runs. */
const fifty: ReleaseView = {
  ...baseView,
  stages: [
    { do: "admit", label: "admitted", state: "done", receipt: "214 of 214 proxies in 1.3 s" },
    { do: "wave", label: "wave 1", state: "running", wave: 0 },
    { do: "wave", label: "wave 2", state: "waiting", wave: 1 },
    { do: "switch", label: "edges switched", state: "waiting" },
  ],
  waves: [
    {
      name: "canary",
      maxConcurrent: 4,
      state: "running",
      clusters: Array.from({ length: 20 }, (_, index) =>
        clusterAt(
          `c${index}`,
          index < 14 ? 6 : index < 18 ? 2 : 0,
          index < 14 ? "done" : index < 18 ? "running" : "waiting",
        ),
      ),
    },
    {
      name: "rest",
      maxConcurrent: 30,
      state: "waiting",
      clusters: Array.from({ length: 30 }, (_, index) => clusterAt(`d${index}`, 0, "waiting")),
    },
  ],
};

test("50 clusters fold to a summary of each wave, with the first that are at work", () => {
  expect(releaseTree(fifty, { now: 20_000, columns: 100, paint: plain })).toMatchInlineSnapshot(`
    [
      "= orders-r7 progressing for 20 s: r7 in place of r3 (workload)",
      "║ deploy by ana: better orders",
      "● admitted        214 of 214 proxies in 1.3 s",
      "╠═ canary  20 clusters, 4 at a time: 14 ✔ done   4 = running   2 to come",
      "║  ├─ c14  ●─●─◊─○─○─○  10 % = 3 of 4 proxies have it (deadline in 5 min: then the release is taken…",
      "║  ├─ c15  ●─●─◊─○─○─○  10 % = 3 of 4 proxies have it (deadline in 5 min: then the release is taken…",
      "║  └─ c16  ●─●─◊─○─○─○  10 % = 3 of 4 proxies have it (deadline in 5 min: then the release is taken…",
      "╠═ rest  30 clusters: 30 to come",
      "○ edges switched",
    ]
  `);
});

test("what has no room is counted", () => {
  const lines = releaseTree(fifty, { now: 20_000, columns: 100, paint: plain, rows: 4 });
  expect(lines).toHaveLength(4);
  expect(lines.at(-1)).toMatch(/^… \d+ more lines$/);
});

test("what an app or a person wrote moves no cursor", () => {
  const marked: Paint = (_, text) => text;
  const cause = { kind: "deploy", by: "ana", message: "now\u001b[2J\nthis" };
  const reason = "bogota: exited with code 1: \u001b[31mboom\r\nbang";
  const text = releaseTree(
    { ...baseView, cause, reason, phase: "failed", endedAt: 5 },
    { now: 5, columns: 80, paint: marked },
  );
  // eslint-disable-next-line no-control-regex
  expect(text.join("")).not.toMatch(/[\u0000-\u001f]/);
  expect(text.slice(-3)).toEqual(["it wrote:", "| [31mboom", "| bang"]);
});
