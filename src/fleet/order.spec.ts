import fc from "fast-check";
import { expect, test } from "vitest";
import { kinds } from "../objects/kinds.ts";
import { keyText, objectKey, parseKey } from "./desired.ts";
import { appliedKinds, applyRank, inApplyOrder, inPruneOrder } from "./order.ts";

const key = (kind: keyof typeof kinds, name = "x") =>
  objectKey({
    apiVersion: kinds[kind].apiVersion,
    kind,
    metadata: { name, ...(kinds[kind].namespaced ? { namespace: "money" } : {}) },
  });

test("namespace, identity, permission, service, subset, scope, workload, route", () => {
  const order = inApplyOrder([
    key("VirtualService"),
    key("Deployment"),
    key("Sidecar"),
    key("DestinationRule"),
    key("Service"),
    key("AuthorizationPolicy"),
    key("ServiceAccount"),
    key("Namespace"),
  ]);
  expect(order.flat().map((each) => parseKey(each)?.kind.kind)).toEqual([
    "Namespace",
    "ServiceAccount",
    "AuthorizationPolicy",
    "Service",
    "DestinationRule",
    "Sidecar",
    "Deployment",
    "VirtualService",
  ]);
});

test("every key comes out once, ranks rise, and pruning is the reverse", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...appliedKinds), fc.constantFrom("a", "b", "c")), {
        selector: ([kind, name]) => kind + name,
      }),
      (pairs) => {
        const keys = pairs.map(([kind, name]) => key(kind, name));
        const groups = inApplyOrder(keys);
        expect(groups.flat().toSorted()).toEqual(keys.toSorted());
        const ranks = groups.map(([first]) => applyRank(first!));
        expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
        expect(inPruneOrder(keys)).toEqual(groups.toReversed());
      },
    ),
  );
});

test("keys read back, with and without group and namespace", () => {
  for (const kind of ["Namespace", "Service", "EnvoyFilter", "Deployment"] as const) {
    expect(parseKey(key(kind))).toEqual({
      kind: kinds[kind],
      namespace: kinds[kind].namespaced ? "money" : undefined,
      name: "x",
    });
  }
  expect(parseKey("v1/Widget/a/b")).toBeUndefined();
  expect(keyText(key("Deployment", "checkout-r4"))).toBe("Deployment money/checkout-r4");
});
