import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { problemCodes, type ProblemKind } from "./problem-codes.ts";

const path = new URL("../../docs/errors.md", import.meta.url);

function page(): string {
  const sections = Object.entries<ProblemKind>(problemCodes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, title, doc }]) => `## ${code}\n\n${title} (${status === 200 ? "warning" : status}). ${doc}\n`,
    );
  return `# Errors\n\nEvery error and warning has a stable code. The API tells them as RFC 9457 problem documents with \`code\`, \`field\`, \`found\` and \`accepted\`; the CLI prints the same. A warning never stops a change.\n\n${sections.join("\n")}`;
}

test("docs/errors.md tells every code as the registry does", () => {
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, page());
  expect(readFileSync(path, "utf8")).toBe(page());
});

test("codes are kebab-case, with a title and a doc text", () => {
  for (const [code, { status, title, doc }] of Object.entries<ProblemKind>(problemCodes)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(status === 200 || (status >= 400 && status < 600)).toBe(true);
    expect(title.length).toBeGreaterThan(5);
    expect(doc.length).toBeGreaterThan(20);
  }
});
