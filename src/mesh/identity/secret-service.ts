import type { Secret } from "../../objects/core.ts";
import type { Proxy } from "../resource.ts";
import type { DeltaRequest } from "../xds/delta-request.ts";
import type { XdsResource } from "../xds/delta-response.ts";
import { later } from "../xds/type-state.ts";
import { GatewaySecrets } from "./gateway-secrets.ts";
import { Leaf } from "./leaf.ts";
import type { Clock, LeafIssuer } from "./leaf.ts";
import { authoritySecret, rootSecret, secretTypeUrl, workloadSecret } from "./secret-resource.ts";

/** The secrets of one connected proxy. */
export interface ProxySecrets {
  get(name: string): XdsResource | typeof later | undefined;
  /** Must be told of each request for secrets before the stream's state is. */
  requested(request: DeltaRequest): void;
  /** Until when the certificates that it was given, or has said to hold, are good; Unix ms. Undefined: it has none of this process. */
  certificateUntil(): number | undefined;
  close(): void;
}

/** SDS: who gets which secret. A certificate is given only for the identity that the stream's token proved. */
export class SecretService {
  readonly #issuer: (LeafIssuer & { readonly trustDomain: string }) | undefined;
  readonly #leafTtlMs: number | undefined;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #root: XdsResource | undefined;
  readonly #gateways = new GatewaySecrets();
  readonly #watchers = new Set<{ namespace: string; changed: (names: string[]) => void }>();

  constructor(options: {
    /** Undefined: proxies get their certificates and roots elsewhere, and from here only what a Gateway names. */
    issuer: (LeafIssuer & { readonly rootPem: string; readonly trustDomain: string }) | undefined;
    clock: Clock;
    onError: (error: unknown) => void;
    /** A day unless told. */ leafTtlMs?: number;
  }) {
    this.#issuer = options.issuer;
    this.#leafTtlMs = options.leafTtlMs;
    this.#clock = options.clock;
    this.#onError = options.onError;
    this.#root = options.issuer && authoritySecret(rootSecret, options.issuer.rootPem);
  }

  putSecret(object: Secret): void {
    this.#tell(this.#gateways.put(object));
  }

  removeSecret(namespace: string, name: string): void {
    this.#tell(this.#gateways.remove(namespace, name));
  }

  /** `changed` is told the names of secrets to fetch anew. */
  open(proxy: Proxy, changed: (names: string[]) => void): ProxySecrets {
    const leaf = this.#leaf(proxy, () => changed([workloadSecret]));
    const watcher = { namespace: proxy.namespace, changed };
    if (proxy.role === "router") this.#watchers.add(watcher);
    return {
      get: (name) => {
        if (name === rootSecret) return this.#root;
        if (name !== workloadSecret)
          return proxy.role === "router" ? this.#gateways.get(proxy.namespace, name) : undefined;
        if (!leaf) return undefined;
        if (leaf.resource) return leaf.resource;
        return leaf.heldVersion === undefined
          ? later
          : { type: secretTypeUrl, name, version: leaf.heldVersion, bytes: new Uint8Array() };
      },
      requested: (request) => {
        const held = request.initialVersions.get(workloadSecret);
        if (held !== undefined) leaf?.recognise(held);
        if (request.subscribe.includes(workloadSecret) && (held === undefined || leaf?.heldVersion !== held))
          leaf?.need();
      },
      certificateUntil: () => leaf?.until,
      close: () => {
        leaf?.close();
        this.#watchers.delete(watcher);
      },
    };
  }

  #leaf({ namespace, serviceAccount }: Proxy, changed: () => void): Leaf | undefined {
    const issuer = this.#issuer;
    return (
      issuer &&
      new Leaf({
        issuer,
        spiffeId: `spiffe://${issuer.trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
        clock: this.#clock,
        ...(this.#leafTtlMs !== undefined && { ttlMs: this.#leafTtlMs }),
        changed,
        onError: this.#onError,
      })
    );
  }

  #tell({ namespace, names }: { namespace: string; names: string[] }): void {
    if (names.length > 0)
      for (const watcher of this.#watchers) if (watcher.namespace === namespace) watcher.changed(names);
  }
}
