import type { App } from "../../model/app.ts";
import { hashOf } from "../../model/canonical.ts";
import type { Cluster } from "../../model/cluster.ts";
import { parseDocuments } from "../../model/documents.ts";
import type { Document } from "../../model/kinds.ts";
import { permitted } from "../../model/permission.ts";
import type { Policy } from "../../model/policy.ts";
import { resolve } from "../../model/resolve.ts";
import { rosterOf } from "../../model/roster.ts";
import type { Base, HomeLane, Lane, Roster, SnapshotPart } from "../../model/rows.ts";
import type { Segment } from "../../model/segment.ts";
import type { TokenIssuer } from "../../model/token-issuer.ts";
import type { InForceRows, Row } from "../rows.ts";

/** How far things have come, where it isn't the end of a finished first release in every cluster. */
export interface Situation {
  /** app → fields of its Roster. */
  rosters?: Record<string, Partial<Roster> & { stages?: Record<string, Roster["hosts"][number]["stage"]> }>;
  /** `app/cluster` → fields of its lane; null: none. A revision of `live` takes the app's present workload. */
  lanes?: Record<string, (Partial<Omit<HomeLane, "live">> & { live?: string[] }) | { kind: "reach"; lead: string } | null>;
}

/** What would be in force once every document had been released: the input of rendering, made as a release makes it. */
export function putInForce(documents: readonly Document[], situation: Situation = {}): InForceRows {
  const of = <D extends Document>(kind: D["kind"]) => documents.filter((document): document is D => document.kind === kind);
  const apps = of<App>("App");
  const clusters = of<Cluster>("Cluster");
  const policies = of<Policy>("Policy");
  const issuers = of<TokenIssuer>("TokenIssuer");
  const segments = new Map(of<Segment>("Segment").map((segment) => [segment.metadata.name, segment]));
  const snapshots = new Map<string, SnapshotPart>();
  const snapshot = (content: SnapshotPart) => {
    const hash = hashOf(content);
    snapshots.set(hash, content);
    return hash;
  };
  let revision = 0;
  const row = <T>(value: T): Row<T> => ({ revision: ++revision, value });

  const rosters = new Map<string, Row<Roster>>();
  const segmentOf = (name: string) => apps.find(({ metadata }) => metadata.name === name)?.spec.segment;
  for (const app of apps) {
    const { stages, ...fields } = situation.rosters?.[app.metadata.name] ?? {};
    rosters.set(app.metadata.name, row({ ...rosterOf(app, { revisions: ["r1"], segmentOf }), ...fields }));
    const roster = rosters.get(app.metadata.name)!.value;
    for (const one of [...roster.hosts, ...roster.outside]) one.stage = stages?.[one.host] ?? "open";
  }
  for (const { value: roster } of rosters.values()) {
    for (const [callee, edge] of Object.entries(roster.edges)) {
      const target = rosters.get(callee)?.value;
      edge.stage = situation.rosters?.[roster.app]?.stages?.[callee] ?? (target !== undefined && permitted(target, roster) !== undefined ? "open" : "wanted");
    }
  }

  const lanes = new Map(clusters.map(({ metadata }) => [metadata.name, new Map<string, Row<Lane>>()]));
  const bases = new Map(clusters.map(({ metadata }) => [metadata.name, new Map<string, Row<Base>>()]));
  for (const cluster of clusters) {
    for (const app of apps) {
      const where = { app: app.metadata.name, cluster: cluster.metadata.name };
      const said = situation.lanes?.[`${where.app}/${where.cluster}`];
      if (said === null) continue;
      const segment = segments.get(app.spec.segment);
      const { parts, problems } = resolve(app, { segment, policies, cluster, issuers, image: app.spec.workload?.image });
      if (problems.length > 0) throw problems[0]!;
      const labels = segment?.spec.namespaceLabels ?? {};
      const base = snapshot({ part: "base", value: { segment: app.spec.segment, labels, mtls: segment?.spec.mtls ?? "STRICT" } });
      bases.get(where.cluster)!.set(app.spec.segment, row({ segment: app.spec.segment, cluster: where.cluster, snapshot: base }));
      if (said !== undefined && "lead" in said) {
        lanes.get(where.cluster)!.set(where.app, row({ ...where, ...said }));
        continue;
      }
      const workload = snapshot({ part: "workload", value: parts.workload });
      const { live = ["r1"], ...fields } = (said ?? {}) as { live?: string[] };
      lanes.get(where.cluster)!.set(where.app, row({
        ...where, kind: "home", live: Object.fromEntries(live.map((name) => [name, workload])), ready: live, floors: {},
        scale: snapshot({ part: "scale", value: parts.scale }), weights: { r1: 100 }, traffic: snapshot({ part: "traffic", value: parts.traffic }),
        calls: snapshot({ part: "calls", value: parts.calls }), good: "r1", ...fields,
      }));
    }
  }
  return { revision, rosters, lanes, bases, snapshots };
}

/** Documents from YAML; throws the first problem. */
export function readDocuments(text: string): Document[] {
  return parseDocuments(text).map(({ value, problems }) => {
    if (problems.length > 0) throw problems[0]!;
    return value as Document;
  });
}
