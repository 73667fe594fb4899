import { expect, it } from "vitest";
import { parseImage } from "./image.ts";

const digest = "a".repeat(64);
it("takes artifacts by digest, folders only where allowed", () => {
  expect(parseImage(`quipu.local/web@sha256:${digest}`, false)).toEqual({ kind: "artifact", digest });
  expect(parseImage("file:/srv/web", true)).toEqual({ kind: "folder", path: "/srv/web" });
});
it.each([
  ["file:/srv/web", false],
  ["file:web", true],
  ["nginx:1", true],
  ["quipu.local/web:1", true],
  [`quipu.local/web@sha256:${"a".repeat(63)}`, true],
])("refuses %s", (image, local) => {
  expect(() => parseImage(image, local)).toThrow(
    expect.objectContaining({
      reason: "InvalidImageName",
      message: expect.stringContaining("quipu deploy APP --from DIR"),
    }),
  );
});
