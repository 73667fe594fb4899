import type { App } from "./app.ts";
import { defaultPorts } from "./defaults.ts";
import { isHttp, protocolOf } from "./protocol.ts";
import type { Edge, Roster, RevisionName, Rule } from "./rows.ts";

/**
 * The Roster that an App asks for: every edge, host and outside host at stage `wanted`. Which of them are admitted or
 * open is the release's to say. `segmentOf` tells the segment of a callee; undefined while it doesn't exist.
 */
export function rosterOf(
  app: App,
  { revisions, segmentOf }: { revisions: RevisionName[]; segmentOf: (app: string) => string | undefined },
): Roster {
  const { metadata, spec } = app;
  const ports = (spec.workload?.ports ?? defaultPorts).map((port) => ({
    name: port.name,
    port: port.port,
    protocol: protocolOf(port),
  }));
  const edges: Record<string, Edge & { segment: string }> = {};
  const outside: Roster["outside"] = [];
  for (const call of spec.calls ?? []) {
    if ("host" in call) {
      const port = call.port ?? 443;
      outside.push({
        host: call.host,
        port,
        protocol: call.protocol ?? (port === 80 ? "http" : "tls"),
        stage: "wanted",
      });
      continue;
    }
    const edge = (edges[call.app] ??= { rules: [], stage: "wanted", segment: segmentOf(call.app) ?? "" });
    edge.rules.push(ruleOf(call));
  }
  const firstHttp = ports.find(({ protocol }) => isHttp(protocol))?.name;
  return {
    app: metadata.name,
    segment: spec.segment,
    team: spec.team,
    revisions: [...revisions],
    ports,
    edges,
    outside,
    consents: (spec.access?.callers ?? []).map((caller) => ({ app: caller.app, ...ruleOf(caller) })),
    hosts: (spec.expose ?? []).map(({ host, path, port, tls, jwt }) => ({
      host,
      path: path ?? "/",
      port: port ?? firstHttp!,
      ...(tls !== undefined && { tls }),
      ...(jwt !== undefined && { jwt }),
      stage: "wanted",
    })),
  };
}

function ruleOf({ methods, paths }: Rule): Rule {
  return { ...(methods !== undefined && { methods }), ...(paths !== undefined && { paths }) };
}
