import { createHash } from "node:crypto";
import { certificateSecret, workloadSecret } from "./secret-resource.ts";
import type { XdsResource } from "../xds/delta-response.ts";

/** What issues workload certificates: an `Intermediate` of the trust room. */
export interface LeafIssuer {
  readonly certPem: string;
  issueWorkload(request: {
    spiffeId: string;
    now: number;
    ttlMs?: number;
  }): Promise<{ certChainPem: string; keyPem: string; notBefore: number; expires: number }>;
}

/** Time, from outside. `schedule` runs once at that time (Unix ms) unless the function it returns is called first. */
export interface Clock {
  now(): number;
  schedule(at: number, run: () => void): () => void;
}

export const leafTtlMs = 24 * 3_600_000;
/** After a failure to issue. */
const retryMs = 5000;

/**
 * One proxy's certificate. Its version tells whose it is, by which authority, and when it is to be renewed: a restarted
 * server, which has no private keys left, recognises by it a certificate that is good for longer, and sends no other.
 */
export class Leaf {
  readonly #issuer: LeafIssuer;
  readonly #spiffeId: string;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #onError: (error: unknown) => void;
  #resource: XdsResource | undefined;
  #heldVersion: string | undefined;
  #until: number | undefined;
  #cancel: (() => void) | undefined;
  #issuing = false;
  #closed = false;

  /** `changed` is called when there is a new certificate to fetch. */
  constructor(options: {
    issuer: LeafIssuer;
    spiffeId: string;
    ttlMs?: number;
    clock: Clock;
    changed: () => void;
    onError: (error: unknown) => void;
  }) {
    this.#issuer = options.issuer;
    this.#spiffeId = options.spiffeId;
    this.#ttlMs = options.ttlMs ?? leafTtlMs;
    this.#clock = options.clock;
    this.#changed = options.changed;
    this.#onError = options.onError;
  }

  /** The certificate, once there is one. */
  get resource(): XdsResource | undefined {
    return this.#resource;
  }

  /** The version that the proxy holds and may keep, although it can't be sent again. */
  get heldVersion(): string | undefined {
    return this.#heldVersion;
  }

  /** Until when the latest certificate is good, given or recognised: of one that is recognised, the latest time possible. Unix ms. */
  get until(): number | undefined {
    return this.#until;
  }

  /** The proxy says that it holds this version. */
  recognise(version: string): void {
    if (this.#resource || this.#issuing) return;
    const [owner, renewAt] = version.split(".");
    const at = Number(renewAt);
    const now = this.#clock.now();
    if (owner !== this.#owner() || !(at > now && at <= now + this.#ttlMs)) return;
    this.#heldVersion = version;
    // It is renewed at half its life.
    this.#until = at + this.#ttlMs / 2;
    this.#wait(at);
  }

  /** Sees to it that there is a certificate to send. */
  need(): void {
    if (this.#resource) return;
    this.#heldVersion = undefined;
    void this.#issue();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #issue(): Promise<void> {
    if (this.#issuing || this.#closed) return;
    this.#issuing = true;
    try {
      const now = this.#clock.now();
      const { certChainPem, keyPem, expires } = await this.#issuer.issueWorkload({
        spiffeId: this.#spiffeId,
        now,
        ttlMs: this.#ttlMs,
      });
      const renewAt = Math.floor(now + (expires - now) / 2);
      const serial = createHash("sha256").update(certChainPem).digest("hex").slice(0, 12);
      this.#resource = certificateSecret(workloadSecret, certChainPem, keyPem, `${this.#owner()}.${renewAt}.${serial}`);
      this.#heldVersion = undefined;
      this.#until = expires;
      this.#wait(renewAt);
      if (!this.#closed) this.#changed();
    } catch (error) {
      // The last one stays in use; it has half its life left.
      this.#onError(error);
      this.#wait(this.#clock.now() + retryMs);
    } finally {
      this.#issuing = false;
    }
  }

  #wait(at: number): void {
    this.#cancel?.();
    if (!this.#closed) this.#cancel = this.#clock.schedule(at, () => void this.#issue());
  }

  #owner(): string {
    return createHash("sha256").update(`${this.#spiffeId}\n${this.#issuer.certPem}`).digest("hex").slice(0, 12);
  }
}
