import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { declaredKinds, findDeclaredKind } from "./kinds.ts";
import { vocabulary } from "./schema.ts";

test("every schema is strict JSON Schema", () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  for (const word of vocabulary) ajv.addKeyword(word);
  for (const { schema } of Object.values(declaredKinds)) ajv.compile(schema);
});

test("kinds are found by any of their names", () => {
  expect(["App", "apps", "app", "SEG", "policies", "ti"].map((word) => findDeclaredKind(word)?.kind)).toEqual([
    "App",
    "App",
    "App",
    "Segment",
    "Policy",
    "TokenIssuer",
  ]);
  expect(findDeclaredKind("pods")).toBeUndefined();
  const words = Object.values(declaredKinds).flatMap(({ plural, singular, shortNames }) => [
    plural,
    singular,
    ...shortNames,
  ]);
  expect(new Set(words).size).toBe(words.length);
});
