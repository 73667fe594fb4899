import fc from "fast-check";
import { expect, test } from "vitest";
import { typeUrls } from "../resource.ts";
import { deltaRequest } from "./delta-request.ts";
import type { Push, XdsResource } from "./delta-response.ts";
import { StreamState } from "./stream-state.ts";

const { cluster, endpoints, listener, routeConfiguration: route } = typeUrls;
const types = [cluster, endpoints, listener, route];
const names = ["a", "b", "c"];
/** The model's Envoy refuses this version of anything, without saying which resource it means. */
const bad = 9;

type Step =
  | { do: "set"; type: string; name: string; version: number | undefined }
  | { do: "answer"; type: string }
  | { do: "subscribe" | "unsubscribe"; type: string; name: string }
  | { do: "reconnect" }
  | { do: "late" };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("set" as const),
      type: fc.constantFrom(...types),
      name: fc.constantFrom(...names),
      version: fc.option(fc.integer({ min: 1, max: bad }), { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("answer" as const), type: fc.constantFrom(...types) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("subscribe" as const, "unsubscribe" as const),
      type: fc.constantFrom(endpoints, route),
      name: fc.constantFrom(...names),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("reconnect" as const, "late" as const) }) },
);

/** A proxy that keeps to the protocol, and checks on every push that the server does. */
class Envoy {
  readonly wanted = new Map<string, XdsResource>();
  readonly has = new Map<string, Map<string, string>>(types.map((type) => [type, new Map()]));
  readonly subscribed = new Map<string, Set<string>>([
    [endpoints, new Set()],
    [route, new Set()],
  ]);
  /** By type, oldest first. Those that the server gave up waiting for are overdue. */
  readonly unanswered = new Map<string, { nonce: string; push: Push; overdue: boolean }[]>(
    types.map((type) => [type, []]),
  );
  /** What the server did against its own rules. */
  readonly faults = new Set<string>();
  #state!: StreamState;
  #nonce = 0;
  #revision = 0;

  connect(): void {
    for (const sent of this.unanswered.values()) sent.splice(0);
    this.#state = new StreamState({
      all: (type) =>
        new Map(
          [...this.wanted.values()]
            .filter((resource) => resource.type === type)
            .map((resource) => [resource.name, resource]),
        ),
      get: (type, name) => this.wanted.get(`${type} ${name}`),
    });
    for (const type of types) {
      this.#state.receive(
        deltaRequest(type, {
          subscribe: [...(this.subscribed.get(type) ?? ["*"])],
          initialVersions: new Map(this.has.get(type)),
        }),
      );
      this.pump();
    }
  }
  run(taken: Step): void {
    if (taken.do === "reconnect") return this.connect();
    if (taken.do === "late")
      for (const sent of this.unanswered.get(cluster)!) sent.overdue ||= this.#state.giveUpOn(cluster, sent.nonce);
    else if (taken.do === "set") this.#set(taken.type, taken.name, taken.version);
    else if (taken.do === "answer") this.answer(taken.type);
    else {
      const set = this.subscribed.get(taken.type)!;
      if (set.has(taken.name) === (taken.do === "subscribe")) return;
      if (taken.do === "subscribe") set.add(taken.name);
      else {
        set.delete(taken.name);
        this.has.get(taken.type)!.delete(taken.name);
      }
      this.#state.receive(
        deltaRequest(
          taken.type,
          taken.do === "subscribe" ? { subscribe: [taken.name] } : { unsubscribe: [taken.name] },
        ),
      );
    }
    this.pump();
  }
  #set(type: string, name: string, version: number | undefined): void {
    if (version === undefined) this.wanted.delete(`${type} ${name}`);
    else this.wanted.set(`${type} ${name}`, { type, name, version: String(version), bytes: new Uint8Array() });
    this.#state.touch(type, [name], ++this.#revision);
  }
  pump(): void {
    for (let next = this.#state.next(); next; next = this.#state.next()) {
      this.#check(next.push);
      const nonce = String(++this.#nonce);
      next.sent(nonce);
      this.unanswered.get(next.push.type)!.push({ nonce, push: next.push, overdue: false });
    }
  }
  answer(type: string): void {
    const answered = this.unanswered.get(type)!.shift();
    if (!answered) return;
    const { nonce, push } = answered;
    const refused = push.resources.some(({ version }) => version === String(bad));
    if (!refused) {
      const has = this.has.get(type)!;
      for (const { name, version } of push.resources)
        if (this.subscribed.get(type)?.has(name) ?? true) has.set(name, version);
      for (const name of push.removed) has.delete(name);
    }
    this.#state.receive(deltaRequest(type, { nonce, ...(refused && { error: "refused" }) }));
  }
  #inFlight(type: string): Push | undefined {
    return this.unanswered.get(type)!.find(({ overdue }) => !overdue)?.push;
  }
  #check(push: Push): void {
    const faults = {
      "two responses of a type in flight": this.#inFlight(push.type) !== undefined,
      "listeners or routes before their clusters":
        (push.type === listener || push.type === route) && (this.#inFlight(cluster)?.resources ?? []).length > 0,
      "clusters taken away before listeners and routes have let go":
        push.type === cluster && push.removed.length > 0 && [listener, route].some((type) => this.#inFlight(type)),
      "something that isn't the newest": push.resources.some(
        ({ name, version }) => this.wanted.get(`${push.type} ${name}`)?.version !== version,
      ),
    };
    for (const [fault, found] of Object.entries(faults)) if (found) this.faults.add(fault);
  }
  get state(): StreamState {
    return this.#state;
  }
}

test("whatever happens, the proxy ends with everything that it should have and hasn't refused, and then nothing more is sent", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const envoy = new Envoy();
      envoy.connect();
      for (const taken of steps) envoy.run(taken);
      let rounds = 0;
      while ([...envoy.unanswered.values()].some((sent) => sent.length > 0)) {
        expect(++rounds).toBeLessThan(100);
        for (const type of types) envoy.answer(type);
        envoy.pump();
      }
      expect([...envoy.faults]).toEqual([]);
      expect(envoy.state.settled()).toBe(true);
      for (const type of types) {
        for (const name of names) {
          if (!(envoy.subscribed.get(type)?.has(name) ?? true)) continue;
          const wanted = envoy.wanted.get(`${type} ${name}`)?.version;
          const has = envoy.has.get(type)!.get(name);
          if (wanted === String(bad)) {
            expect(has).not.toBe(wanted);
            expect(envoy.state.types.get(type)!.rejected.get(name)?.version).toBe(wanted);
          } else {
            expect(has).toBe(wanted);
            expect(envoy.state.types.get(type)!.rejected.has(name)).toBe(false);
          }
        }
      }
      expect([...envoy.state.types.values()].flatMap((state) => [...state.waiting(1)])).toEqual([]);
    }),
    { numRuns: 400 },
  );
});
