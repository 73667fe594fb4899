import type { DriftedObject } from "../../model/drift.ts";
import type { Unhealthy, UnhealthyObject } from "../../model/unhealthy.ts";
import { type AppView, appTree } from "../app-view.ts";
import { type ApiClient, ApiError, type ProblemDocument } from "../api-client.ts";
import { driftLines } from "../drift-text.ts";
import { healthLines } from "../health-text.ts";
import { pluralOf } from "../kind-names.ts";
import { ingressLines, type Ingress } from "../ingress-text.ts";
import { limitsText, type OwnLimits } from "../own-limits.ts";
import { marks, paint, painter, render } from "../output.ts";
import { describe as describeProblem } from "../report-error.ts";
import { withClient } from "../with-client.ts";

/** All about one thing, for people. For an App also what runs, who calls it, and what is probably wrong. */
export async function describe(kind: string, name: string): Promise<void> {
  const plural = pluralOf(kind);
  const path = `/api/v1/${plural}/${encodeURIComponent(name)}`;
  await withClient(async (client) => {
    const { status, ...declared } = await client.get<Record<string, unknown>>(path);
    section("Declared");
    console.log(render(declared, "yaml"));
    if (plural !== "apps") {
      if (status !== undefined) {
        section("Status");
        console.log(render(status, "yaml"));
      }
      if (plural === "clusters") {
        for (const [title, lines] of await told(client, path)) {
          section(title);
          console.log(lines.join("\n"));
        }
        section("Ingress");
        console.log((await ingress(client, path)).join("\n"));
      }
      return;
    }
    const view = await client.get<AppView & Partial<AppTold>>(`${path}/status`);
    section("Runs");
    console.log(appTree(view, painter(process.stdout)).join("\n"));
    const unhealthy = healthLines(view.unhealthy ?? [], { now: Date.now(), paint: painter(process.stdout) });
    if (unhealthy.length > 0) {
      section("Unhealthy");
      console.log(unhealthy.join("\n"));
    }
    const changed = driftLines(view.drift ?? [], { now: Date.now(), paint: painter(process.stdout) });
    if (changed.length > 0) {
      section("Changed by hand");
      console.log(changed.join("\n"));
    }
    section("Calls");
    console.log(edgeLines(view.calls, "→").join("\n") || "nobody");
    section("Called by");
    console.log([...edgeLines(view.callers, "←"), ...exposed(view)].join("\n") || "nobody");
    const limits = await client.get<{ clusters: OwnLimits[] }>(`${path}/rules`);
    const own = limitsText(limits.clusters);
    if (own.length > 0) {
      section("Callers with limits of their own, in place of this app's");
      console.log(own.join("\n"));
    }
    const { warnings } = await client.get<{ warnings: ProblemDocument[] }>(`${path}/lint`);
    if (warnings.length > 0) {
      section("Probably wrong");
      for (const warning of warnings) console.log(`${paint("yellow", marks.wait)} ${describeProblem(warning)}`);
    }
  });
}

function section(title: string): void {
  console.log(`\n${paint("bold", title)}`);
}

function edgeLines(list: AppView["calls"], arrow: string): string[] {
  return list.map(({ app, segment, stage }) => `${arrow} ${app}.${segment} (${stage})`);
}

/** Whoever reaches a gateway is a caller too. */
function exposed({ hosts }: AppView): string[] {
  return hosts.map(
    ({ host, path, tls, jwt, stage }) =>
      `← ingress gateway: ${tls === undefined ? "http" : "https"}://${host}${path} (${stage === "open" ? "" : `${stage}, `}${jwt === undefined ? "for anybody" : `with tokens of ${jwt}`})`,
  );
}

/** What its workers tell of an app. */
interface AppTold {
  drift: (DriftedObject & { cluster: string })[];
  unhealthy: (UnhealthyObject & { cluster: string })[];
}

/** What a cluster's worker tells, by title. A cluster that isn't looked after has none that could. */
async function told(client: ApiClient, path: string): Promise<[string, string[]][]> {
  try {
    const { drift, drifting, unhealthy } = await client.get<{
      drift: DriftedObject[];
      drifting: number;
      unhealthy: Unhealthy;
    }>(`${path}/worker`);
    const now = { now: Date.now(), paint: painter(process.stdout) };
    const sick = healthLines(unhealthy.objects, { ...now, count: unhealthy.count });
    const changed = driftLines(drift, { ...now, drifting });
    return [
      ["Unhealthy", sick.length === 0 ? ["nothing"] : sick],
      ["Changed by hand", changed.length === 0 ? ["nothing"] : changed],
    ];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [["Changed by hand", [`${paint("red", marks.bad)} ${describeProblem(error.problem)}`]]];
  }
}

/** A cluster that doesn't answer is told of where its gateways would stand. */
async function ingress(client: ApiClient, path: string): Promise<string[]> {
  try {
    return ingressLines(await client.get<Ingress>(`${path}/ingress`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [`${paint("red", marks.bad)} ${describeProblem(error.problem)}`];
  }
}
