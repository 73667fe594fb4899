import { expect, it } from "vitest";
import { recorded } from "./recorded.ts";
import { parseSyncz } from "./syncz.ts";

const [orders, shop] = parseSyncz(recorded("syncz"));

it("a proxy that has acknowledged all that it was sent", () => {
  const at = (push: number) => ({ sent: push, acked: push, clean: true });
  expect(orders).toMatchObject({ router: false, types: { cds: at(8), eds: at(7), lds: at(8), rds: at(8) } });
  expect(orders!.id).toMatch(/^orders-r1-.*\.money$/);
});

it("one that keeps its clusters' acknowledgement back and rejects its routes", () => {
  expect(shop!.types).toMatchObject({
    cds: { sent: 8, acked: 7, clean: false },
    lds: { clean: true },
    rds: { sent: 8, acked: 7, clean: false, error: "I don't like it" },
  });
});

it("an older istiod tells the same in fields of their own, but no error", () => {
  const older = (JSON.parse(recorded("syncz")) as Record<string, unknown>[]).map(({ resources: _, ...rest }) => rest);
  const [, told] = parseSyncz(JSON.stringify(older));
  const { error: _, ...rds } = shop!.types.rds!;
  expect(told).toEqual({ ...shop, types: { ...shop!.types, rds } });
});

it("what was asked for and not answered isn't acknowledged", () => {
  const status = {
    proxy: "a.b",
    proxy_type: "router",
    resources: { "type.googleapis.com/envoy.config.cluster.v3.Cluster": {} },
  };
  expect(parseSyncz(JSON.stringify([status]))).toEqual([
    { id: "a.b", router: true, types: { cds: { sent: 0, clean: false } } },
  ]);
});

it("an answer that is something else is no answer", () => {
  expect(() => parseSyncz('{"kind":"Status"}')).toThrow("isn't a list");
  expect(() => parseSyncz("<html>")).toThrow();
});
