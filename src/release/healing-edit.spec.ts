import { expect, test } from "vitest";
import type { Cluster } from "../model/cluster.ts";
import type { StoredObject } from "../store/store.ts";
import { onlyHealing } from "./healing-edit.ts";

const cluster = (spec: Partial<Cluster["spec"]> = {}, labels = { market: "pe" }) =>
  ({
    apiVersion: "quipu.dev/v1",
    kind: "Cluster",
    metadata: { name: "lima", labels },
    spec: { region: "pe", ...spec },
  }) as const;
const stored = (body: object) => ({ body }) as unknown as StoredObject;
const healing = { paused: [{ until: "2026-11-23T06:00:00Z" }] };

test("nothing but healing is another: made, changed and lifted; labels and all else count", () => {
  expect(onlyHealing(stored(cluster()), cluster({ healing }))).toBe(true);
  expect(onlyHealing(stored(cluster({ healing })), cluster())).toBe(true);
  expect(onlyHealing(stored(cluster()), cluster({ healing, zone: "pe-a" }))).toBe(false);
  expect(onlyHealing(stored(cluster({ healing })), cluster({}, { market: "co" }))).toBe(false);
  expect(onlyHealing(undefined, cluster({ healing }))).toBe(false);
  const team = { apiVersion: "quipu.dev/v1", kind: "Team", metadata: { name: "lima" }, spec: {} } as const;
  expect(onlyHealing(stored(team), team)).toBe(false);
});
