import { expect, test } from "vitest";
import { kindPlurals } from "./kind-names.ts";
import { program } from "./main.ts";

/** What a wrong command line gets to read. */
async function told(...words: string[]): Promise<string> {
  let text = "";
  const quipu = program({
    up: async () => undefined,
    down: async () => undefined,
    agent: async () => undefined,
    mesh: async () => undefined,
  });
  const listen = (command: typeof quipu): void => {
    command.configureOutput({ writeErr: (more) => (text += more), writeOut: (more) => (text += more) }).exitOverride();
    for (const sub of command.commands) listen(sub);
  };
  listen(quipu);
  await expect(quipu.parseAsync(words, { from: "user" })).rejects.toThrow();
  return text;
}

test.each([
  [["aply"], "error: unknown command 'aply'\n(Did you mean apply?)\n\"quipu --help\" tells more.\n"],
  [
    ["deploy", "a", "--form", "x"],
    "error: unknown option '--form'\n(Did you mean --from?)\n\"quipu deploy --help\" tells more.\n",
  ],
  [["apply"], "error: required option '-f, --filename <file...>' not specified\n\"quipu apply --help\" tells more.\n"],
  [
    ["cluster", "kubeconfg"],
    "error: unknown command 'kubeconfg'\n(Did you mean kubeconfig?)\n\"quipu cluster --help\" tells more.\n",
  ],
])("%j: the error, what was meant, and where help is", async (words, expected) => {
  expect((await told(...words)).replaceAll("\n\n", "\n")).toBe(expected);
});

test("release and revision are told apart where they are shown", async () => {
  for (const command of ["get", "describe", "deploy", "status"])
    expect(await told(command, "--help")).toContain("a revision (r7) is the workload that release 7 made.");
});

test("the kinds that a command takes stand in its help, and durations as people write them", async () => {
  for (const command of ["get", "describe"])
    expect((await told(command, "--help")).replace(/\s+/g, " ")).toContain(`one of ${kindPlurals.join(", ")}`);
  expect(await told("cluster", "pause-healing", "--help")).toContain("(default: 1h)");
});
