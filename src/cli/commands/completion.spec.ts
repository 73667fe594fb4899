import { expect, test } from "vitest";
import { program } from "../main.ts";
import { candidates } from "./completion.ts";

const quipu = program({
  up: async () => undefined,
  down: async () => undefined,
  agent: async () => undefined,
  mesh: async () => undefined,
});
const names = async (plural: string, app?: string) =>
  plural === "releases" && app === "orders"
    ? ["orders-r1", "orders-r12"]
    : plural === "apps"
      ? ["catalog", "checkout", "orders"]
      : plural === "clusters"
        ? ["bogota"]
        : [];

test.each<[string[], string[]]>([
  [["de"], ["delete", "deploy", "describe"]],
  [
    ["deploy", "c"],
    ["catalog", "checkout"],
  ],
  [["get", "a"], ["apps"]],
  [["get", "apps", "o"], ["orders"]],
  [
    ["get", "apps", "-o", "y"],
    ["table", "json", "yaml", "name"],
  ],
  [["logs", "orders", "--cluster", ""], ["bogota"]],
  [
    ["cluster", ""],
    ["list", "kubeconfig", "agent", "pause-healing", "resume-healing"],
  ],
  [["cluster", "kubeconfig", ""], ["bogota"]],
  [["cluster", "pause-healing", ""], ["bogota"]],
  [
    ["cluster", "pause-healing", "bogota", "--app", ""],
    ["catalog", "checkout", "orders"],
  ],
  [["completion", "f"], ["fish"]],
  [["deploy", "--im"], ["--image"]],
  [
    ["mesh", "--tls"],
    ["--tls-cert", "--tls-key"],
  ],
  [
    ["mesh", "--identity", ""],
    ["token", "node"],
  ],
  [["me"], ["mesh"]],
  [
    ["promote", "c"],
    ["catalog", "checkout"],
  ],
  [
    ["undo", "orders", "--to", "1"],
    ["1", "12"],
  ],
  [
    ["abort", "orders", "--release", ""],
    ["1", "12"],
  ],
  [
    ["undo", "orders", "--only", ""],
    ["workload", "traffic", "edges"],
  ],
  [
    ["undo", "orders", "--only", "traffic,w"],
    ["traffic,workload", "traffic,edges"],
  ],
])("%j", async (words, expected) => {
  expect((await candidates(quipu, words, names)).toSorted()).toEqual(expected.toSorted());
});
