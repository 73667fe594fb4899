import * as fc from "fast-check";
import { expect, test, vi } from "vitest";
import type {
  AuthorizationPolicy,
  DestinationRule,
  HTTPRoute,
  Sidecar,
  TCPRoute,
  VirtualService,
} from "../objects/istio.ts";
import type { KubeObject } from "../objects/meta.ts";
import { arbitraryRows } from "./golden/arbitrary-rows.ts";
import { objectKeys } from "./keys.ts";
import { render } from "./render.ts";
import { RenderedCluster } from "./rendered-cluster.ts";
import type { InForceRows } from "./rows.ts";

vi.setConfig({ testTimeout: 60_000 });

const options = { trustDomain: "quipu.local" };
const objectsOf = (cluster: string, rows: InForceRows) =>
  [...new RenderedCluster(cluster, rows, options).objects.values()].map(({ object }) => object);
const ofKind = <O extends KubeObject>(objects: KubeObject[], kind: string) =>
  objects.filter((object) => object.kind === kind) as O[];
const runs = { numRuns: 60 };

/** The same rows, rebuilt: other identities, and every map in the opposite order. */
function rebuilt(rows: InForceRows): InForceRows {
  const turn = <V>(map: ReadonlyMap<string, V>, inner: (value: V) => V) =>
    new Map([...map].toReversed().map(([key, value]) => [key, inner(value)]));
  return {
    revision: rows.revision,
    rosters: turn(rows.rosters, structuredClone),
    snapshots: turn(rows.snapshots, structuredClone),
    lanes: turn(rows.lanes, (map) => turn(map, structuredClone)),
    bases: turn(rows.bases, (map) => turn(map, structuredClone)),
  };
}

test("the same rows give the same bytes, whatever the order in which they are held", () => {
  fc.assert(
    fc.property(arbitraryRows, (rows) => {
      const again = rebuilt(rows);
      for (const cluster of rows.lanes.keys()) {
        expect(objectKeys(cluster, again)).toEqual(objectKeys(cluster, rows));
        for (const key of objectKeys(cluster, rows))
          expect(JSON.stringify(render(cluster, key, again, options))).toBe(
            JSON.stringify(render(cluster, key, rows, options)),
          );
      }
    }),
    runs,
  );
});

test("the weights of every route sum to 100, and no route names a subset that its DestinationRule lacks", () => {
  fc.assert(
    fc.property(arbitraryRows, (rows) => {
      for (const cluster of rows.lanes.keys()) {
        const objects = objectsOf(cluster, rows);
        const subsets = new Map(
          ofKind<DestinationRule>(objects, "DestinationRule").map(({ spec }) => [
            spec!.host,
            new Set(spec!.subsets!.map(({ name }) => name)),
          ]),
        );
        for (const { spec } of ofKind<VirtualService>(objects, "VirtualService")) {
          const routes: (HTTPRoute | TCPRoute)[] = [...(spec!.http ?? []), ...(spec!.tls ?? []), ...(spec!.tcp ?? [])];
          expect(routes.length).toBeGreaterThan(0);
          for (const route of routes) {
            if (route.route === undefined) {
              expect((route as HTTPRoute).directResponse?.status).toBe(503);
              continue;
            }
            expect(route.route.reduce((sum, { weight }) => sum + weight!, 0)).toBe(100);
            for (const { destination } of route.route)
              expect([...(subsets.get(destination.host) ?? [])]).toContain(destination.subset);
          }
        }
      }
    }),
    runs,
  );
});

test("what a Sidecar may reach, the callee's policy admits", () => {
  fc.assert(
    fc.property(arbitraryRows, (rows) => {
      for (const cluster of rows.lanes.keys()) {
        const objects = objectsOf(cluster, rows);
        const admitted = new Map(
          ofKind<AuthorizationPolicy>(objects, "AuthorizationPolicy").map(({ metadata, spec }) => [
            `${metadata.namespace}/${metadata.name}.${metadata.namespace}.svc.cluster.local`,
            JSON.stringify(spec!.rules ?? []),
          ]),
        );
        for (const { metadata, spec } of ofKind<Sidecar>(objects, "Sidecar")) {
          for (const host of spec!.egress![0]!.hosts) {
            const policy = admitted.get(host);
            const [segment, callee] = [host.split("/")[0], host.split("/")[1]!.split(".")[0]!];
            const consents = rows.rosters.get(callee)?.value.consents.some(({ app }) => app === metadata.name);
            if (policy === undefined || (segment !== metadata.namespace && consents !== true)) continue;
            const wanted = rows.rosters.get(metadata.name)!.value.edges[callee]!;
            expect(wanted.stage).toBe("open");
            if (segment === metadata.namespace)
              expect(policy).toContain(`/ns/${metadata.namespace}/sa/${metadata.name}"`);
          }
        }
      }
    }),
    runs,
  );
});

test("going on row by row reaches the same objects as rendering everything anew", () => {
  fc.assert(
    fc.property(arbitraryRows, arbitraryRows, fc.infiniteStream(fc.boolean()), (before, after, coin) => {
      // A view between the two: some rows of the one, some of the other.
      const mix = <V>(a: ReadonlyMap<string, V> | undefined, b: ReadonlyMap<string, V> | undefined): Map<string, V> => {
        const mixed = new Map<string, V>();
        for (const key of new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])])) {
          const value = (coin.next().value === true ? b : a)?.get(key);
          if (value !== undefined) mixed.set(key, value);
        }
        return mixed;
      };
      const between: InForceRows = {
        revision: before.revision + 1,
        snapshots: new Map([...before.snapshots, ...after.snapshots]),
        rosters: mix(before.rosters, after.rosters),
        lanes: new Map(
          [...before.lanes.keys()].map((cluster) => [
            cluster,
            mix(before.lanes.get(cluster), after.lanes.get(cluster)),
          ]),
        ),
        bases: new Map(
          [...before.bases.keys()].map((cluster) => [
            cluster,
            mix(before.bases.get(cluster), after.bases.get(cluster)),
          ]),
        ),
      };
      for (const cluster of before.lanes.keys()) {
        const living = new RenderedCluster(cluster, before, options);
        const old = new Map(living.objects);
        const { keys: changed } = living.advance(between);
        const fresh = new RenderedCluster(cluster, between, options);
        const objects = (of: RenderedCluster) =>
          Object.fromEntries([...of.objects].toSorted().map(([key, { object }]) => [key, object]));
        expect(objects(living)).toEqual(objects(fresh));
        for (const [key, { object }] of fresh.objects)
          if (JSON.stringify(old.get(key)?.object) !== JSON.stringify(object)) expect(changed).toContain(key);
        for (const [key, { rowRevision }] of living.objects)
          expect(rowRevision).toBeGreaterThanOrEqual(old.get(key)?.rowRevision ?? 0);
      }
    }),
    runs,
  );
});
