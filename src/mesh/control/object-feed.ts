import type { KubeObject } from "../../objects/meta.ts";
import type { MeshCompiler, Reach } from "../resource.ts";

/** `Kind/namespace/name`, as in MeshCompiler.sources. */
export function objectId(object: Pick<KubeObject, "kind" | "metadata">): string {
  return `${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** The resource version that the compiler took in, and the latest change that the object made for proxies; 0: none. */
export interface Compiled {
  readonly resourceVersion: string;
  readonly revision: number;
}

/** In which change an object went, and what it had part in until then. */
export interface Gone {
  readonly revision: number;
  readonly reach: Reach;
}

/** Nobody asks for the end of these, and they come and go all the time. */
const unasked: ReadonlySet<string> = new Set(["Pod", "EndpointSlice", "Node"]);
const nothing: Reach = { proxies: new Set(), resources: new Map(), named: [] };
/** Objects whose end is remembered. */
const mostGone = 1024;

/**
 * Hands watched objects to the compiler, all that came in one turn of the event loop as one batch, and remembers in
 * which change each took effect, so that "has everyone got this object?" has an exact answer.
 */
export class ObjectFeed {
  readonly #compiler: MeshCompiler;
  readonly #revision: () => number;
  readonly #later: (run: () => void) => void;
  readonly #compiled = new Map<string, Compiled>();
  /** Object → resource version, or undefined when it is gone; not compiled yet. */
  readonly #batch = new Map<string, string | undefined>();
  readonly #gone = new Map<string, Gone>();
  /** What objects that are about to go still have part in. */
  readonly #going = new Map<string, Reach>();
  #scheduled = false;
  #held = true;

  /** `revision`: the number of the latest change that reached the proxies. `later`: setImmediate. */
  constructor(compiler: MeshCompiler, revision: () => number, later: (run: () => void) => void) {
    this.#compiler = compiler;
    this.#revision = revision;
    this.#later = later;
  }

  put(object: KubeObject): void {
    this.#compiler.put(object);
    this.#gone.delete(objectId(object));
    this.#add(objectId(object), object.metadata.resourceVersion ?? "");
  }

  remove(object: KubeObject): void {
    if (!unasked.has(object.kind)) this.#going.set(objectId(object), this.#compiler.reach([objectId(object)]));
    this.#compiler.remove(object.kind, object.metadata.namespace ?? "", object.metadata.name);
    this.#add(objectId(object), undefined);
  }

  /** Until this is called nothing is compiled: the first view must be whole. */
  start(): void {
    this.#held = false;
    this.#flush();
  }

  /** Undefined: no such object has been compiled. */
  compiled(id: string): Compiled | undefined {
    return this.#compiled.get(id);
  }

  /** How an object went away; undefined when it is there, or none is known to have been. */
  gone(id: string): Gone | undefined {
    return this.#gone.get(id);
  }

  /** What these objects have part in. */
  reach(ids: readonly string[]): Reach {
    return this.#compiler.reach(ids);
  }

  get objects(): number {
    return this.#compiled.size;
  }

  #add(id: string, resourceVersion: string | undefined): void {
    this.#batch.set(id, resourceVersion);
    if (this.#held || this.#scheduled) return;
    this.#scheduled = true;
    this.#later(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const before = this.#revision();
    const batch = [...this.#batch];
    this.#batch.clear();
    this.#compiler.flush();
    const after = this.#revision();
    const revision = after === before ? 0 : after;
    for (const [id, resourceVersion] of batch) {
      if (resourceVersion !== undefined) {
        // A write that changes nothing for proxies doesn't undo what they have yet to acknowledge.
        const latest = revision === 0 ? (this.#compiled.get(id)?.revision ?? 0) : revision;
        this.#compiled.set(id, { resourceVersion, revision: latest });
      } else if (this.#compiled.delete(id) && !unasked.has(id.slice(0, id.indexOf("/"))))
        this.#gone.set(id, { revision, reach: this.#going.get(id) ?? nothing });
    }
    this.#going.clear();
    for (const id of this.#gone.keys()) {
      if (this.#gone.size <= mostGone) break;
      this.#gone.delete(id);
    }
  }
}
