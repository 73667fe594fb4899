/** Credentials from a plugin, kept until they expire or the API refuses them. */
import { X509Certificate } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { CredentialSource, Presented } from "./credentials.ts";
import { runExecPlugin, type ExecStatus } from "./exec-plugin.ts";
import { Kept } from "./kept.ts";
import type { ExecPlugin, KubeConnection } from "./kube-connection.ts";
import type { Environment } from "./proxy.ts";

/** Time enough to call a cloud, too little to keep a fleet waiting. */
const timeoutMs = 30_000;

export class ExecCredentials implements CredentialSource {
  readonly #source: string;
  readonly #kept: Kept<ExecStatus>;

  constructor(
    plugin: ExecPlugin,
    connection: KubeConnection,
    { clock, env, timeout = timeoutMs }: { clock: Clock; env: Environment; timeout?: number },
  ) {
    this.#source = `the credential plugin "${plugin.command}"`;
    this.#kept = new Kept({
      now: () => clock.now(),
      fetch: () => runExecPlugin(plugin, connection, env, timeout),
      expiresAt: (status) => Math.min(status.expiresAt ?? Infinity, certificateEnd(status.cert)),
    });
  }

  async present(now: number): Promise<Partial<Presented>> {
    const { token, cert, key } = await this.#kept.get(now);
    return {
      source: this.#source,
      ...(token !== undefined && { token }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
    };
  }

  refused(token: string | undefined, cert: string | undefined, now: number): void {
    // Only what is presented still: a request that was under way when others were fetched says nothing about those.
    this.#kept.refuse((status) => (status.token ?? token) === token && (status.cert ?? cert) === cert, now);
  }
}

function certificateEnd(pem: string | undefined): number {
  if (pem === undefined) return Infinity;
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return Infinity;
  }
}
