import { expect, test } from "vitest";
import type { App } from "../model/app.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Window } from "../model/window.ts";
import { closedBy, isOpen } from "./windows.ts";

const window = (spec: Window["spec"]): Window => ({
  apiVersion: "quipu.dev/v1",
  kind: "Window",
  metadata: { name: "w" },
  spec,
});
const at = (text: string) => Date.parse(text);
const nights = window({
  mode: "freeze",
  weekly: { days: ["fri"], from: "22:00", to: "06:00", timeZone: "America/Bogota" },
});

test.each<[Window, string, boolean]>([
  [
    window({ mode: "freeze", once: { from: "2026-12-24T18:00:00-05:00", to: "2026-12-26T00:00:00-05:00" } }),
    "2026-12-24T23:00:00Z",
    true,
  ],
  [
    window({ mode: "freeze", once: { from: "2026-12-24T18:00:00-05:00", to: "2026-12-26T00:00:00-05:00" } }),
    "2026-12-26T05:00:00Z",
    false,
  ],
  [nights, "2026-11-20T22:00:00-05:00", true],
  [nights, "2026-11-21T05:59:00-05:00", true],
  [nights, "2026-11-21T06:00:00-05:00", false],
  [nights, "2026-11-21T22:30:00-05:00", false],
  [nights, "2026-11-20T05:00:00-05:00", false],
  [
    window({ mode: "allow", weekly: { days: ["mon", "tue"], from: "00:00", to: "12:00", timeZone: "Asia/Tokyo" } }),
    "2026-11-22T15:00:00Z",
    true,
  ],
])("%#: %j at %s: %s", (each, time, open) => {
  expect(isOpen(each, at(time))).toBe(open);
});

const app = {
  metadata: { name: "a", labels: { tier: "critical" } },
  spec: { team: "t", segment: "money" },
} as unknown as App;
const lima = { metadata: { name: "lima", labels: { market: "pe" } }, spec: { region: "pe" } } as unknown as Cluster;
const always = { from: "2020-01-01T00:00:00Z", to: "2030-01-01T00:00:00Z" };
const past = { from: "2020-01-01T00:00:00Z", to: "2021-01-01T00:00:00Z" };
const now = at("2026-11-22T00:00:00Z");

test.each<[Window["spec"][], boolean]>([
  [[{ mode: "freeze", once: always }], true],
  [[{ mode: "freeze", once: past }], false],
  [[{ mode: "freeze", once: always, apps: { segment: "food" } }], false],
  [[{ mode: "freeze", once: always, apps: { matchLabels: { tier: "critical" } } }], true],
  [[{ mode: "freeze", once: always, clusters: { matchLabels: { market: "pe" } } }], true],
  [[{ mode: "freeze", once: always, clusters: { matchLabels: { market: "uy" } } }], false],
  [[{ mode: "allow", once: past }], true],
  [
    [
      { mode: "allow", once: past },
      { mode: "allow", once: always },
    ],
    false,
  ],
  [
    [
      { mode: "allow", once: always },
      { mode: "freeze", once: always },
    ],
    true,
  ],
])("%j closes: %s", (specs, closed) => {
  expect(closedBy(app, [lima], specs.map(window), now) !== undefined).toBe(closed);
});
