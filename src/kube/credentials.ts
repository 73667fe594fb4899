/** What is presented to an API now: credentials that expire, are rotated on disk or come from elsewhere are asked for anew each time. */
import type { Clock } from "./clock.ts";
import { ExecCredentials } from "./exec-credentials.ts";
import { FileCredentials, type ReadFile } from "./file-credentials.ts";
import { impersonationHeaders } from "./impersonation-headers.ts";
import type { KubeConnection } from "./kube-connection.ts";
import { OidcCredentials } from "./oidc-credentials.ts";
import type { Environment } from "./proxy.ts";

export interface Presented {
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  /** Whose word token and certificate are, for messages: `the kubeconfig`, `the exec plugin "aws"`. */
  source: string;
}

/** One way to come by credentials. What it holds never shows in its errors, nor when it is logged. */
export interface CredentialSource {
  /** What is good now; at once when it is at hand. Throws `KubeError` with code `kube/credentials`. */
  present(now: number): Promise<Partial<Presented>>;
  /** The API answered 401: what was given isn't to be given again if anything else can be had. */
  refused(token: string | undefined, cert: string | undefined, now: number): void;
}

export interface CredentialsOptions {
  clock: Clock;
  env: Environment;
  readFile?: ReadFile;
}

export class Credentials {
  readonly #connection: KubeConnection;
  readonly #sources: readonly CredentialSource[];
  readonly #clock: Clock;
  readonly #headers: Readonly<Record<string, string | string[]>>;

  constructor(connection: KubeConnection, options: CredentialsOptions) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#headers = impersonationHeaders(connection.impersonate);
    const sources: CredentialSource[] = [];
    // A later one's word counts. A token that stands in the kubeconfig needs no plugin.
    const { exec, oidc, files, token } = connection;
    if (oidc && token === undefined) sources.push(new OidcCredentials(oidc, options.env, () => options.clock.now()));
    if (exec && token === undefined) sources.push(new ExecCredentials(exec, connection, options));
    if (files) sources.push(new FileCredentials(files, options.readFile));
    this.#sources = sources;
  }

  /** Throws `KubeError` with code `kube/credentials`. */
  async present(): Promise<Presented> {
    const { ca, cert, key, token } = this.#connection;
    const presented: Presented = {
      source: "the kubeconfig",
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(token !== undefined && { token }),
    };
    for (const source of this.#sources) Object.assign(presented, await source.present(this.#clock.now()));
    return presented;
  }

  /** What to do after a 401: others than these, or undefined when there are none to be had. Throws as `present`. */
  async insteadOf(presented: Presented): Promise<Presented | undefined> {
    for (const source of this.#sources) source.refused(presented.token, presented.cert, this.#clock.now());
    if (this.#sources.length === 0) return undefined;
    const next = await this.present();
    return next.token === presented.token && next.cert === presented.cert ? undefined : next;
  }

  /** The headers of a request that presents these. */
  headers({ token }: Presented): Record<string, string | string[]> {
    const { username, password = "" } = this.#connection;
    const basic =
      username === undefined ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const authorization = token === undefined ? basic : `Bearer ${token}`;
    return { ...this.#headers, ...(authorization === undefined ? {} : { authorization }) };
  }
}
