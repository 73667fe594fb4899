import type { ConfigMap } from "../../objects/core.ts";
import { LimitConfigError, parseLimits } from "./limits.ts";
import type { LimitConfig, LimitNode } from "./limits.ts";

/** The key of a ConfigMap that holds a configuration. */
const configKey = "config.yaml";

/**
 * All configurations in force, by ConfigMap. Several may share a domain; when more than one limits the same descriptor, the
 * first by `namespace/name` decides. A ConfigMap that became unusable keeps what it said before.
 */
export class LimitSet {
  readonly #configs = new Map<string, { config: LimitConfig | undefined; error: LimitConfigError | undefined }>();
  #byDomain = new Map<string, ReadonlyMap<string, LimitNode>[]>();

  /** The error, if the ConfigMap can't be used. */
  put(object: ConfigMap): LimitConfigError | undefined {
    const id = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
    let config = this.#configs.get(id)?.config;
    let error: LimitConfigError | undefined;
    try {
      const text = object.data?.[configKey];
      if (text === undefined)
        throw new LimitConfigError(
          `data["${configKey}"]`,
          undefined,
          "a configuration in envoyproxy/ratelimit's format",
        );
      config = parseLimits(text);
    } catch (failure) {
      if (!(failure instanceof LimitConfigError)) throw failure;
      error = failure;
    }
    this.#configs.set(id, { config, error });
    this.#index();
    return error;
  }

  remove(namespace: string, name: string): void {
    this.#configs.delete(`${namespace}/${name}`);
    this.#index();
  }

  /** The trees of a domain, in order of precedence. */
  domain(name: string): readonly ReadonlyMap<string, LimitNode>[] {
    return this.#byDomain.get(name) ?? [];
  }

  /** What each ConfigMap contributes, for people. */
  list(): { configMap: string; domain: string | undefined; error: string | undefined }[] {
    return [...this.#configs].map(([configMap, { config, error }]) => ({
      configMap,
      domain: config?.domain,
      error: error?.message,
    }));
  }

  #index(): void {
    this.#byDomain = new Map();
    for (const [, { config }] of [...this.#configs].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!config) continue;
      const trees = this.#byDomain.get(config.domain);
      if (trees) trees.push(config.children);
      else this.#byDomain.set(config.domain, [config.children]);
    }
  }
}
