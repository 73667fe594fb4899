import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { archiveFolder } from "../../src/cli/archive.ts";
import type { Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import type { ReleaseView } from "../../src/release/release-view.ts";
import { quantile } from "../benchmark.ts";
import {
  acknowledged,
  document,
  ended,
  ground,
  milliseconds,
  numberOf,
  root,
  steps,
  type Trial,
  type Written,
} from "./trial-fleet.ts";

const deploys = 8;

/** One caller, one callee, two clusters, real Envoys. */
export function small(say: (text: string) => void): Trial {
  return {
    clusters: ["one=co/co-a", "two=uy/uy-a"],
    port: "17170",
    async work(fleet) {
      const { client } = fleet;
      await ground(fleet);
      const archive = await archiveFolder(join(root, "test/fixtures/probe"));
      await client.call("POST", "/api/v1/artifacts", {
        body: archive.bytes,
        headers: { "content-type": "application/x-tar" },
        query: { digest: archive.digest },
      });
      const workload = (version: number, broken = false) => ({
        command: ["node", "index.mjs"],
        probes: { readiness: "/ready" },
        replicas: { min: 1, max: 1 },
        drain: "0s",
        env: { VERSION: String(version), ...(broken && { BROKEN: "1" }) },
      });
      const callee = (version: number, broken: boolean, hold: string) =>
        document("callee", {
          workload: workload(version, broken),
          traffic: { perCaller: { outlierDetection: { consecutive5xxErrors: 0 } } },
          rollout: {
            steps: [{ weight: 50, hold }],
            analysis: { interval: "1s", minRequests: 10, failureLimit: 1 },
          },
        });
      const put = async (body: Record<string, unknown>): Promise<Written> =>
        (await client.call<Written>("PUT", `/api/v1/apps/${(body["metadata"] as { name: string }).name}`, { body }))
          .body;
      await put(callee(1, false, "0s"));
      await put(document("caller", { workload: workload(1), calls: [{ app: "callee" }] }));
      for (const app of ["callee", "caller"])
        await client.call("POST", `/api/v1/apps/${app}/deploys`, { body: { artifact: archive.digest } });
      for (const app of ["callee", "caller"]) await ended(client, app, 1, 60_000);
      const kubes = ["one", "two"].map((name) => fleet.kube(name));
      const callers = await Promise.all(
        kubes.map(async (kube) => (await kube.list<Pod>(kinds.Pod, { labelSelector: "app=caller" })).items[0]!),
      );

      say(`${deploys} deployments`);
      const toObject: number[] = [];
      const views: ReleaseView[] = [];
      for (let version = 2; version < 2 + deploys; version++) {
        const began = Date.now();
        const [name = ""] = (await put(callee(version, false, "0s"))).releases;
        const release = numberOf(name);
        for (;;) {
          const found = await kubes[0]!.find(kinds.Deployment, { namespace: "bench", name: `callee-r${release}` });
          if (found !== undefined) break;
          if (Date.now() - began > 30_000) throw new Error("no Deployment within 30 s");
          await delay(5);
        }
        toObject.push(Date.now() - began);
        views.push(await ended(client, "callee", release, 120_000));
      }
      const all = views.flatMap(steps);

      say("a failing version");
      let firstFailure = 0;
      let lastFailure = 0;
      const load = setInterval(() => {
        for (const caller of callers) {
          const call = request(
            {
              host: caller.status?.podIP,
              port: 15001,
              path: "http://callee.bench/",
              headers: { host: "callee.bench" },
            },
            (answer) => {
              answer.resume();
              if (answer.statusCode !== 500) return;
              firstFailure ||= Date.now();
              lastFailure = Date.now();
            },
          );
          call.on("error", () => undefined);
          call.end();
        }
      }, 10);
      await delay(3000);
      const [name = ""] = (await put(callee(99, true, "60s"))).releases;
      const failed = await ended(client, "callee", numberOf(name), 120_000);
      clearInterval(load);
      if (failed.phase !== "failed") throw new Error(`the failing version ended ${failed.phase}`);
      const decided = failed.events.find(({ text }) => text.startsWith("goes back"))!.at;
      const away = Math.max(
        ...failed.waves.flatMap(({ clusters }) =>
          clusters.flatMap(({ back }) => back.find((step) => step.do === "back")?.heldAt ?? 0),
        ),
      );
      await Promise.all(kubes.map((kube) => kube.close()));
      return [
        milliseconds("from the change to the first object written", toObject, "polled every 5 ms"),
        ...(["subset", "weight", "settle"] as const).map((kind) =>
          milliseconds(
            `from \`${kind}\` written to acknowledged`,
            acknowledged(all, kind),
            "2 clusters, 2 sidecars and 2 gateways",
          ),
        ),
        {
          measure: "a whole release without holds",
          value:
            quantile(
              views.map(({ endedAt, acceptedAt }) => endedAt! - acceptedAt),
              0.5,
            ) / 1000,
          unit: "s",
          note: `median of ${views.length}; pods start and stop in it`,
        },
        {
          measure: "from the first failing answer to the decision",
          value: (decided - firstFailure) / 1000,
          unit: "s",
          note: "looks of 1 s, failureLimit 1, half of 200 requests/s",
        },
        { measure: "from the decision to weight 0 acknowledged everywhere", value: away - decided, unit: "ms" },
        { measure: "from the decision to the last failing answer", value: lastFailure - decided, unit: "ms" },
      ];
    },
  };
}
