import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ownProcesses } from "../../src/process/proc.ts";
import type { ReleaseView } from "../../src/release/release-view.ts";
import type { Row } from "../benchmark.ts";
import { memoryOf } from "../memory.ts";
import {
  acknowledged,
  document,
  ended,
  ground,
  milliseconds,
  numberOf,
  steps,
  type Trial,
  type Written,
} from "./trial-fleet.ts";

/** Canaries at once. */
const many = Number(process.env["QUIPU_BENCH_CANARIES"] ?? 300);

/** Apps without processes: what the engine, the workers and the meshes cost. */
export function crowd(say: (text: string) => void): Trial {
  const pauseMs = 5000;
  return {
    clusters: ["big=co/co-a,hollow", "wide=uy/uy-a,hollow"],
    port: "17180",
    async work(fleet) {
      const { client, id } = fleet;
      await ground(fleet);
      const names = Array.from({ length: many }, (_, index) => `app-${index}`);
      for (const [index, name] of names.entries())
        await client.call("PUT", `/api/v1/apps/${name}`, {
          body: document(name, {
            workload: { replicas: { min: 2, max: 2 }, drain: "1s" },
            ...(index > 0 && { calls: [{ app: names[index - 1] }] }),
            rollout: {
              steps: [
                { weight: 20, hold: "0s" },
                { pause: { for: `${pauseMs}ms` } },
                { weight: 60, hold: "0s" },
                { pause: { for: `${pauseMs}ms` } },
              ],
            },
          }),
        });
      const deployAll = async (tag: string) => {
        const releases = await Promise.all(
          names.map(async (name) => {
            const { body } = await client.call<Written>("POST", `/api/v1/apps/${name}/deploys`, {
              body: { image: `registry.example/${name}:${tag}` },
            });
            return numberOf(body.releases[0]!);
          }),
        );
        // One look at all of them: to ask for each release by itself would be what costs most.
        const until = Date.now() + 600_000;
        for (;;) {
          const { total } = await client.get<{ total: number }>("/api/v1/fleet/releases?limit=1");
          if (total === 0) break;
          if (Date.now() > until) throw new Error(`${total} of ${many} releases haven't ended within 10 min`);
          await delay(500);
        }
        const views: ReleaseView[] = [];
        for (const [index, name] of names.entries()) views.push(await ended(client, name, releases[index]!, 10_000));
        return views;
      };
      say(`${many} first deployments`);
      await deployAll("1");
      say(`${many} canaries at once`);
      const before = cpuOf(id);
      const began = Date.now();
      const views = await deployAll("2");
      const tookMs = Date.now() - began;
      const after = cpuOf(id);
      const memory = memoryOf(id);
      const wrong = views.find(({ phase }) => phase !== "finished");
      if (wrong !== undefined) throw new Error(`${wrong.app} ended ${wrong.phase}: ${wrong.reason}`);
      // A pause's end is known beforehand: what comes after it is the engine's own lag.
      const lags = views.flatMap(({ waves }) =>
        waves.flatMap(({ clusters }) =>
          clusters.flatMap(({ steps: list }) =>
            list.flatMap(({ do: what, heldAt }, index) => {
              const next = list[index + 1]?.writtenAt;
              return what === "pause" && heldAt !== undefined && next !== undefined ? [next - heldAt - pauseMs] : [];
            }),
          ),
        ),
      );
      const roles = ["server", "cluster/big", "mesh/big"];
      return [
        milliseconds(`${many} canaries at once: decision lag`, lags, "from the end of a timed pause to the next write"),
        {
          measure: `${many} canaries at once: the last one ends after`,
          value: tookMs / 1000,
          unit: "s",
          note: `pauses of ${(2 * pauseMs) / 1000} s in it; 2 clusters, ${4 * many} pods at the most`,
        },
        milliseconds(
          "`weight` written to acknowledged",
          acknowledged(views.flatMap(steps), "weight"),
          "no proxies: the workers' part",
        ),
        ...roles.flatMap((role): Row[] => [
          {
            measure: `CPU, ${role}`,
            value: (after.get(role) ?? 0) - (before.get(role) ?? 0),
            unit: "s",
            note: `of ${(tookMs / 1000).toFixed(0)} s`,
          },
          {
            measure: `memory, ${role}`,
            value: memory.filter((one) => one.role === role).reduce((sum, { pss }) => sum + pss, 0),
            unit: "MB PSS",
          },
        ]),
      ];
    },
  };
}

/** CPU seconds of each process of a fleet, by role. */
function cpuOf(fleet: string): Map<string, number> {
  return new Map(
    ownProcesses(fleet).map(({ pid, role }) => {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      // utime and stime, in clock ticks of 10 ms (proc(5)).
      return [role, (Number(fields[11]) + Number(fields[12])) / 100];
    }),
  );
}
