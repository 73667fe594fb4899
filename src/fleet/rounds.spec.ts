import { beforeEach, expect, test } from "vitest";
import type { KubeObject } from "../objects/meta.ts";
import { DesiredObjects, keyText, objectKey } from "./desired.ts";
import { DirtyKeys } from "./dirty-keys.ts";
import { DriftLog } from "./drift-log.ts";
import { Healing } from "./healing.ts";
import { memoryLedger } from "./ledger.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import type { LiveView } from "./live-view.ts";
import { newcomers, Rounds } from "./rounds.ts";

const object = (kind: string, name: string, app?: string): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: {
    ...(kind !== "Namespace" && { namespace: "money" }),
    name,
    ...(app !== undefined && { labels: { app } }),
  },
});
const configs = (app: string, count: number) =>
  Array.from({ length: count }, (_, at) => object("ConfigMap", `${app}-${at}`, app));

let source: DesiredObjects;
let dirty: DirtyKeys;
/** What was applied, in order; each takes 100 ms. */
let applied: string[];
let then: (count: number) => void;
beforeEach(() => {
  source = new DesiredObjects();
  dirty = new DirtyKeys({ baseMs: 100, maxMs: 1000 }, () => 1);
  applied = [];
  then = () => undefined;
});

const live = new Map<string, LiveView>();
function context() {
  let now = 0;
  return {
    client: {
      find: async () => undefined,
      apply: async <T extends KubeObject>(sent: T) => {
        now += 100;
        applied.push(keyText(objectKey(sent)));
        then(applied.length);
        return { object: sent, created: true };
      },
      list: async () => ({ items: [], resourceVersion: "1" }),
      delete: async () => true,
    },
    ledger: new LedgerWriter(memoryLedger(), "lima"),
    drifts: new DriftLog(undefined),
    healing: new Healing(),
    live: { get: (key: string) => live.get(key), wrote: () => undefined, unreadable: () => undefined },
    clock: { now: () => now, sleep: async () => undefined },
    turn: async () => undefined,
    tell: () => undefined,
    concurrency: 1,
    mayBeEmpty: () => false,
    ...{ source, dirty },
  };
}

test("a long round gives way to what comes meanwhile, and goes on after it", async () => {
  const want = (...objects: KubeObject[]): void => {
    source.change(source.revision + 1, { put: objects });
    for (const each of objects) dirty.markWanted(objectKey(each), source.revision);
  };
  want(...configs("cart", 30));
  const [rounds, place] = [new Rounds(), context()];
  // A Service comes after ConfigMaps: by rank alone it would be the last.
  then = (count) => count === 3 && want(object("Service", "ledger", "ledger"), ...configs("ledger", 1));
  for (let turn = 0; dirty.size > 0; turn++) {
    expect(turn).toBeLessThan(5);
    await rounds.next(place, dirty.due(0));
  }
  expect(applied).toHaveLength(32);
  // Not at once: a round lasts a second at least, that is ten of these.
  expect(applied.slice(9, 13)).toEqual([
    "ConfigMap money/cart-9",
    "ConfigMap money/ledger-0",
    "Service money/ledger",
    "ConfigMap money/cart-10",
  ]);
});

test("what comes again and again, for somebody else wants it otherwise, doesn't keep the rest from its turn", async () => {
  const [fought] = configs("ledger", 1) as [KubeObject];
  source.change(1, { put: [...configs("cart", 30), fought] });
  for (const { key } of source.objects()) if (key !== objectKey(fought)) dirty.markWanted(key, 1);
  const [rounds, place] = [new Rounds(), context()];
  // Whenever it is put right it is changed again, before that round is over.
  then = (count) => (count === 3 || applied.at(-1) === "ConfigMap money/ledger-0") && dirty.markSeen(objectKey(fought));
  for (let turn = 0; turn < 10; turn++) await rounds.next(place, dirty.due(0));
  expect(applied.filter((each) => each.startsWith("ConfigMap money/cart-"))).toHaveLength(30);
});

test("with newcomers goes all that is due of their apps, and of no app; nothing that isn't wanted any more", () => {
  const [cart, ledger] = [configs("cart", 2), configs("ledger", 2)];
  const shared = object("Namespace", "money");
  source.change(1, { put: [...cart, ...ledger, shared] });
  const left = new Map([...cart, ...ledger, shared].map((each, turn) => [objectKey(each), turn]));
  expect(newcomers(left, left, source)).toEqual(new Map());
  const due = new Map([...left, [objectKey(ledger[1]!), 9], ["v1/ConfigMap/money/gone", 10]]);
  expect([...newcomers(due, left, source).keys()].map(keyText)).toEqual([
    "ConfigMap money/ledger-0",
    "ConfigMap money/ledger-1",
    "Namespace money",
  ]);
});
