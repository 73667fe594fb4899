import type { KubeObject } from "../../objects/meta.ts";
import type { MeshCompiler } from "../resource.ts";

/** `Kind/namespace/name`, as in MeshCompiler.sources. */
export function objectId(object: Pick<KubeObject, "kind" | "metadata">): string {
  return `${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

/** In which change the compiler took an object in; 0 when that reached no proxy. */
export interface Compiled {
  readonly resourceVersion: string;
  readonly revision: number;
}

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
  /** Objects that are gone → in which change they went. The latest few thousand. */
  readonly #gone = new Map<string, number>();
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

  /** The change in which an object went away; undefined when it is there, or none is known to have been. */
  gone(id: string): number | undefined {
    return this.#gone.get(id);
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
      if (resourceVersion !== undefined) this.#compiled.set(id, { resourceVersion, revision });
      else if (this.#compiled.delete(id)) this.#gone.set(id, revision);
    }
    for (const id of this.#gone.keys()) {
      if (this.#gone.size <= 4096) break;
      this.#gone.delete(id);
    }
  }
}
