import type { InForce } from "../../src/store/in-force.ts";
import { labelOf, valuesIn } from "./view-of.ts";
import type { Proxy } from "./proxy.ts";
import { Violation } from "./violation.ts";

/** A revision of an app that a proxy sends requests to: `label` as its subset says, `home` whose values it follows. */
export interface Configured {
  callee: string;
  label: string;
  home: string;
}

/**
 * Where a proxy's own configuration sends requests. Nothing but what it holds itself goes into it, and a proxy that takes
 * anything gets a new `config`: as long as that and `former` are the same objects, so is this.
 *
 * @throws Violation when a route names a subset that the proxy hasn't.
 */
export function configured(proxy: Proxy): readonly Configured[] {
  const { config, former, known } = proxy;
  if (known?.config === config && known.former === former) return known.calls;
  const calls = compute(proxy);
  proxy.known = { config, former, calls };
  return calls;
}

function compute(proxy: Proxy): Configured[] {
  const calls: Configured[] = [];
  for (const callee of calleesOf(proxy)) {
    // Where the app's subsets come only now, with its first lane here, nothing was reachable that could be lost.
    if (proxy.config.subsets.lanes.get(proxy.cluster)?.get(callee) === undefined) continue;
    const values = valuesIn(proxy.config.routes, proxy.cluster, callee);
    for (const [revision, weight] of Object.entries(values?.lane.weights ?? {}))
      if (weight > 0) calls.push({ callee, label: subset(proxy, callee, revision), home: values!.home });
  }
  return calls;
}

function subset(proxy: Proxy, callee: string, revision: string): string {
  const label =
    labelOf(proxy.config.subsets, proxy.cluster, callee, revision) ??
    (proxy.former === null ? undefined : labelOf(proxy.former, proxy.cluster, callee, revision));
  if (label === undefined)
    throw new Violation(
      "route names a subset",
      `${proxy.id} has a route to subset ${revision} of ${callee}, which it hasn't`,
    );
  return label;
}

const exposed = new WeakMap<InForce["rosters"], readonly string[]>();

/** What a proxy knows and may call: by its Sidecar; a gateway what is exposed. */
function calleesOf({ app, config }: Proxy): readonly string[] {
  if (app === null) return exposedIn(config.routes.rosters);
  const edges = config.scope.rosters.get(app)?.value.edges ?? {};
  return Object.keys(edges).filter((callee) => edges[callee]!.stage === "open");
}

/** What is in force never changes in place: the same map, the same hosts. */
function exposedIn(rosters: InForce["rosters"]): readonly string[] {
  const known = exposed.get(rosters);
  if (known !== undefined) return known;
  const apps = [...rosters].flatMap(([name, { value }]) =>
    value.hosts.some(({ stage }) => stage === "open") ? [name] : [],
  );
  exposed.set(rosters, apps);
  return apps;
}
