import { expect, it } from "vitest";
import { pushOf, pushOfNonce } from "./push-version.ts";

it("a push has a number, also after the nonce's UUID, and whatever zone the clock is in", () => {
  expect(pushOf("2026-11-23T05:10:25Z/8")).toBe(8);
  expect(pushOf("2026-11-23T05:10:25+02:00/1042")).toBe(1042);
  expect(pushOfNonce("2026-11-23T05:10:32Z/12b14d6651-786f-4305-8d45-582c26fdebbb")).toBe(12);
});

it("anything else is no push", () => {
  for (const text of ["", "8", "2026-11-23T05:10:25Z/", "2026-11-23T05:10:25Z"]) expect(pushOf(text)).toBeUndefined();
  expect(pushOfNonce("b14d6651-786f-4305-8d45-582c26fdebbb")).toBeUndefined();
});
