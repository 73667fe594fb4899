import { expect, it } from "vitest";
import { sameTemplate, templateHash, templateHashLabel } from "./template-hash.ts";

const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "i" }] } };

it("does not depend on the order of keys or on the hash label", () => {
  const other = {
    spec: { containers: [{ image: "i", name: "a" }] },
    metadata: { labels: { [templateHashLabel]: "x", app: "a" } },
  };
  expect(templateHash(other)).toBe(templateHash(template));
  expect(sameTemplate(other, template)).toBe(true);
});

it("changes with the image", () => {
  const other = { ...template, spec: { containers: [{ name: "a", image: "j" }] } };
  expect(templateHash(other)).not.toBe(templateHash(template));
  expect(sameTemplate(other, template)).toBe(false);
});

it("is a DNS label", () => expect(templateHash(template)).toMatch(/^[a-z0-9]{10}$/));
