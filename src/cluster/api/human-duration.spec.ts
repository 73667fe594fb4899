import { expect, it } from "vitest";
import { humanDuration } from "./human-duration.ts";

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

it.each<[number, string]>([
  [-5 * second, "<invalid>"],
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [5 * minute + 10 * second, "5m10s"],
  [10 * minute + 10 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 5 * minute, "7h5m"],
  [9 * hour + 5 * minute, "9h"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [4 * day + 3 * hour, "4d3h"],
  [12 * day, "12d"],
  [800 * day, "2y70d"],
  [3000 * day, "8y"],
])("%d ms is %s", (ms, text) => expect(humanDuration(ms)).toBe(text));
