/** What the server wants of a cluster, as its agent knows it: kept over broken streams, brought up to date by asking for what differs. */
import { heardPauses, mostAtOnce, versionOf, type AgentMessage } from "./agent-protocol.ts";
import { DesiredObjects, type DesiredObject, type ObjectKey } from "./desired.ts";
import { Healing } from "./healing.ts";

/** Those of the keys that are wanted now. */
export type Pull = (keys: readonly ObjectKey[]) => Promise<DesiredObject[]>;

export class RemoteDesired {
  readonly source = new DesiredObjects();
  /** Whether the server says that nothing wanted is meant. */
  mayBeEmpty = false;
  /** What the server says of putting drift right; it stands while the server isn't there. */
  readonly healing = new Healing();
  /** All of one revision has been had at least once: before that nothing is known to be unwanted. */
  complete = false;
  /** Of the stream that is being read, until it is complete. */
  #begun: { revision: number; index: Map<ObjectKey, string> } | undefined;
  readonly #pull: Pull;
  readonly #now: () => number;

  /** `now`: Unix ms, by the clock here. */
  constructor(pull: Pull, now: () => number) {
    this.#pull = pull;
    this.#now = now;
  }

  /** The messages of a stream, in order. Throws what pulling throws: the stream is of no use then. */
  async take(message: AgentMessage): Promise<void> {
    switch (message.type) {
      case "begin":
        this.mayBeEmpty = message.mayBeEmpty;
        this.#begun = { revision: message.revision, index: new Map() };
        return;
      case "healing":
        return this.healing.set(heardPauses(message.pauses, this.#now()));
      case "have":
        for (const [key, version] of message.entries) this.#begun?.index.set(key, version);
        return;
      case "complete":
        return this.#complete();
      case "changed":
        return this.#update(message.revision, message.keys, message.apps);
      default:
        return;
    }
  }

  async #complete(): Promise<void> {
    if (this.#begun === undefined) throw new Error("the server's stream is complete before it began");
    const { revision, index } = this.#begun;
    const lacking = [...index].flatMap(([key, version]) => {
      const known = this.source.get(key);
      return known !== undefined && versionOf(known) === version ? [] : [key];
    });
    const gone = [...this.source.objects()].flatMap(({ key }) => (index.has(key) ? [] : [key]));
    await this.#update(revision, [...lacking, ...gone], undefined);
    this.#begun = undefined;
    this.complete = true;
  }

  /** What is pulled may be newer than the revision: whatever else changed with that is told of next. */
  async #update(revision: number, keys: readonly ObjectKey[], apps: readonly string[] | undefined): Promise<void> {
    const put: DesiredObject[] = [];
    for (let at = 0; at < keys.length; at += mostAtOnce)
      put.push(...(await this.#pull(keys.slice(at, at + mostAtOnce))));
    const wanted = new Set(put.map(({ key }) => key));
    this.source.set(Math.max(revision, this.source.revision), {
      put,
      remove: keys.filter((key) => !wanted.has(key)),
      ...(apps !== undefined && { apps }),
    });
  }
}
