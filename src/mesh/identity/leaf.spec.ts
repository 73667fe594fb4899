import { X509Certificate } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { SecretSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { beforeAll, expect, test } from "vitest";
import { createRoot } from "../../trust/root.ts";
import { Leaf, leafTtlMs } from "./leaf.ts";
import type { Clock, LeafIssuer } from "./leaf.ts";
import type { XdsResource } from "../xds/delta-response.ts";

const start = Date.UTC(2030, 0, 1);
const hour = 3_600_000;
let issuer: LeafIssuer;
let other: LeafIssuer;
beforeAll(async () => {
  const root = await createRoot({ trustDomain: "quipu.local", now: start - 1000 });
  issuer = await root.issueIntermediate("alpha", { now: start });
  other = await root.issueIntermediate("alpha", { now: start });
});

/** A clock that is turned by hand. */
function handClock(now = start): Clock & { turn(to: number): Promise<void> } {
  const alarms = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    schedule(at, run) {
      const alarm = { at, run };
      alarms.add(alarm);
      return () => alarms.delete(alarm);
    },
    async turn(to) {
      now = to;
      for (const alarm of [...alarms].filter(({ at }) => at <= now)) {
        alarms.delete(alarm);
        alarm.run();
      }
    },
  };
}
function certificate(resource: XdsResource | undefined): X509Certificate {
  const { type } = fromBinary(SecretSchema, resource!.bytes);
  if (type.case !== "tlsCertificate" || type.value.certificateChain?.specifier.case !== "inlineBytes")
    throw new Error("not a certificate");
  return new X509Certificate(Buffer.from(type.value.certificateChain.specifier.value));
}
function leaf(
  clock: Clock,
  options: { issuer?: LeafIssuer; name?: string } = {},
): { leaf: Leaf; errors: unknown[]; change(): Promise<void> } {
  const errors: unknown[] = [];
  let changed = () => {};
  const made = new Leaf({
    issuer: options.issuer ?? issuer,
    spiffeId: `spiffe://quipu.local/ns/money/sa/${options.name ?? "checkout"}`,
    clock,
    changed: () => changed(),
    onError: (error) => {
      errors.push(error);
      changed();
    },
  });
  return { leaf: made, errors, change: () => new Promise((resolve) => (changed = resolve)) };
}

test("a leaf names the identity, lives for a day and is renewed at half its life", async () => {
  const clock = handClock();
  const { leaf: mine, change } = leaf(clock);
  expect(mine.resource).toBeUndefined();
  let next = change();
  mine.need();
  await next;
  const first = certificate(mine.resource);
  expect(first.subjectAltName).toBe("URI:spiffe://quipu.local/ns/money/sa/checkout");
  expect(Date.parse(first.validTo)).toBe(start + leafTtlMs);
  const { version } = mine.resource!;
  await clock.turn(start + 12 * hour - 1);
  expect(mine.resource!.version).toBe(version);
  next = change();
  await clock.turn(start + 12 * hour);
  await next;
  expect(mine.resource!.version).not.toBe(version);
  expect(Date.parse(certificate(mine.resource).validTo)).toBe(start + 36 * hour);
  mine.close();
});

test("a restarted server recognises what its proxy holds, and renews it in time", async () => {
  const clock = handClock();
  const before = leaf(clock);
  const made = before.change();
  before.leaf.need();
  await made;
  const { version } = before.leaf.resource!;
  before.leaf.close();

  await clock.turn(start + hour);
  const after = leaf(clock);
  after.leaf.recognise(version);
  expect(after.leaf.heldVersion).toBe(version);
  expect(after.leaf.resource).toBeUndefined();
  const renewed = after.change();
  await clock.turn(start + 12 * hour);
  await renewed;
  expect(after.leaf.resource!.version).not.toBe(version);
  expect(after.leaf.heldVersion).toBeUndefined();
});

test("what is due, another's, or another authority's is not recognised", async () => {
  const clock = handClock();
  const { leaf: mine, change } = leaf(clock);
  const made = change();
  mine.need();
  await made;
  const { version } = mine.resource!;
  for (const [at, options] of [
    [start + 12 * hour, {}],
    [start, { name: "orders" }],
    [start, { issuer: other }],
  ] as const) {
    const stranger = leaf(handClock(at), options);
    stranger.leaf.recognise(version);
    expect(stranger.leaf.heldVersion).toBeUndefined();
  }
});

test("when issuing fails it is tried again, and the last certificate stays", async () => {
  const clock = handClock();
  let broken = true;
  const flaky: LeafIssuer = {
    certPem: issuer.certPem,
    issueWorkload: (request) => (broken ? Promise.reject(new Error("sealed")) : issuer.issueWorkload(request)),
  };
  const { leaf: mine, errors, change } = leaf(clock, { issuer: flaky });
  let next = change();
  mine.need();
  await next;
  expect(String(errors)).toMatch("sealed");
  await new Promise((resolve) => setImmediate(resolve));
  broken = false;
  next = change();
  await clock.turn(start + 5000);
  await next;
  expect(certificate(mine.resource).subjectAltName).toMatch("checkout");
});
