import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secretTypeUrl } from "../identity/secret-resource.ts";
import { typeUrls } from "../resource.ts";
import { deltaRequest } from "./delta-request.ts";
import type { XdsResource } from "./delta-response.ts";
import { StreamState } from "./stream-state.ts";
import { later } from "./type-state.ts";

/**
 * Scenarios are text: a command, `----`, and what it answers. `UPDATE_GOLDEN=1` writes the answers anew.
 *   set TYPE name=version … -name …   what the proxy should have now; `name=later`: still being made
 *   recv TYPE [+name] [-name] [held name=version] [ack N] [nack N words]   a request of the proxy
 *   state | waiting N                 what is known; what the proxy lacks of change N (each `set` is one)
 *   late TYPE N                       the answer to response N is no longer waited for
 *   no routes                         nor is a first request for routes
 *   busy | drain                      the transport has no room; has room again
 */
const types: Record<string, string> = {
  cds: typeUrls.cluster,
  eds: typeUrls.endpoints,
  lds: typeUrls.listener,
  rds: typeUrls.routeConfiguration,
  sds: secretTypeUrl,
};
const shortName = (url: string) => Object.entries(types).find(([, type]) => type === url)![0];

class Scenario {
  readonly #resources = new Map<string, Map<string, XdsResource | typeof later>>(
    Object.values(types).map((type) => [type, new Map()]),
  );
  readonly #state = new StreamState({
    all: (type) => this.#resources.get(type) as Map<string, XdsResource>,
    get: (type, name) => this.#resources.get(type)!.get(name),
  });
  #nonce = 0;
  #revision = 0;
  #room = true;

  run(command: string): string {
    const lines: string[] = [];
    for (const line of command.split("\n")) {
      const [verb, ...rest] = line.split(" ");
      if (verb === "set") this.#set(rest[0]!, rest.slice(1));
      else if (verb === "recv") lines.push(...this.#receive(rest[0]!, rest.slice(1)));
      else if (verb === "state") lines.push(...this.#describe());
      else if (verb === "waiting")
        lines.push(
          ...[...this.#state.types].flatMap(([type, state]) =>
            [...state.waiting(Number(rest[0]))].map((name) => `waiting ${shortName(type)} ${name}`),
          ),
        );
      else if (verb === "late")
        lines.push(this.#state.giveUpOn(types[rest[0]!]!, rest[1]!) ? "goes on" : "nothing to give up");
      else if (verb === "no") this.#state.noRoutesToCome();
      else if (verb === "busy" || verb === "drain") this.#room = verb === "drain";
      else throw new Error(`unknown command: ${line}`);
    }
    for (let next = this.#room ? this.#state.next() : undefined; next; next = this.#state.next()) {
      const nonce = String(++this.#nonce);
      next.sent(nonce);
      const { type, resources, removed } = next.push;
      lines.push(
        [
          `send ${shortName(type)} #${nonce}`,
          ...resources.map(({ name, version }) => `${name}@${version}`),
          ...removed.map((name) => `-${name}`),
        ].join(" "),
      );
    }
    return lines.length > 0 ? lines.join("\n") : "nothing";
  }

  #set(type: string, words: string[]): void {
    const names: string[] = [];
    for (const word of words) {
      const [name, version] = word.replace(/^-/, "").split("=") as [string, string | undefined];
      names.push(name);
      const resources = this.#resources.get(types[type]!)!;
      if (version === undefined) resources.delete(name);
      else
        resources.set(
          name,
          version === "later" ? later : { type: types[type]!, name, version, bytes: new Uint8Array() },
        );
    }
    this.#state.touch(types[type]!, names, ++this.#revision);
  }

  #receive(type: string, words: string[]): string[] {
    const request = deltaRequest(types[type]!);
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      if (word === "ack" || word === "nack") request.nonce = words[++at]!;
      if (word === "nack") {
        request.error = words.slice(at + 1).join(" ");
        break;
      }
      if (word === "held") request.initialVersions.set(...(words[++at]!.split("=") as [string, string]));
      if (word.startsWith("+")) request.subscribe.push(word.slice(1));
      if (word.startsWith("-")) request.unsubscribe.push(word.slice(1));
    }
    const outcome = this.#state.receive(request);
    return outcome === "subscribed" ? [] : [outcome];
  }

  #describe(): string[] {
    const lines = [...this.#state.types].map(([type, state]) =>
      [
        shortName(type),
        ...[...state.held].sort().map(([name, version]) => `${name}@${version}`),
        ...[...state.rejected].map(([name, { version, message }]) => `rejected ${name}@${version} (${message})`),
        ...state.unanswered().map(({ nonce }) => `in flight #${nonce}`),
      ].join(" "),
    );
    return [...lines, this.#state.settled() ? "settled" : "unsettled"];
  }
}

const folder = join(import.meta.dirname, "scenarios");
const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => name.replace(".txt", ""));
test.each(scenarios)("%s", (name) => {
  const path = join(folder, `${name}.txt`);
  const scenario = new Scenario();
  const text = readFileSync(path, "utf8");
  const written =
    text
      .trimEnd()
      .split("\n\n")
      .map((block) => {
        const [head] = block.split("\n----") as [string];
        const command = head
          .split("\n")
          .filter((line) => !line.startsWith("#"))
          .join("\n");
        return command === "" ? head : `${head}\n----\n${scenario.run(command)}`;
      })
      .join("\n\n") + "\n";
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, written);
  expect(written).toBe(text);
});
