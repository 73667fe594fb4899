import { describe, expect, it } from "vitest";
import { told } from "./acknowledge.ts";

const answer = { complete: true, connected: 9, concerned: 4, acknowledged: 4, unseen: [], proxies: [] };
const away = [{ id: "sidecar~carol", namespace: "shop", serviceAccount: "carol", certificateUntil: 1 }];

describe("what a mesh's answer means", () => {
  it("everybody concerned has it", () => {
    expect(told(answer, "advance")).toEqual({ done: true, evidence: "4 of 4 proxies" });
    expect(told(answer, "remove")).toEqual({ done: true, evidence: "4 of 4 proxies" });
  });

  it("who isn't connected is excused by name to advance, and nobody is to remove", () => {
    expect(told({ ...answer, disconnected: away }, "advance")).toEqual({
      done: true,
      evidence: "4 of 4 proxies; not connected and excused: sidecar~carol",
    });
    expect(told({ ...answer, disconnected: away }, "remove")).toEqual({
      done: false,
      evidence: "4 of 4 proxies; not connected, and perhaps still in use: sidecar~carol",
    });
  });

  it("names who lacks what, first of all who refuses it", () => {
    const lacking = { type: "RouteConfiguration", name: "80" };
    const waiting = { id: "sidecar~dave", state: "waiting", lacking: [lacking] };
    const refusing = { id: "sidecar~erin", state: "rejected", lacking: [{ ...lacking, message: "bad regex" }] };
    const part = { ...answer, complete: false, acknowledged: 2 };
    expect(told({ ...part, proxies: [waiting] }, "advance")).toEqual({
      done: false,
      evidence: "2 of 4 proxies; sidecar~dave lacks RouteConfiguration 80",
    });
    expect(told({ ...part, proxies: [waiting, refusing] }, "advance")).toEqual({
      done: false,
      rejected: true,
      evidence: "2 of 4 proxies; sidecar~erin rejects RouteConfiguration 80: bad regex",
    });
    expect(told({ ...part, unseen: ["VirtualService/shop/dave"] }, "advance").evidence).toContain(
      "hasn't seen VirtualService/shop/dave",
    );
  });
});
