/**
 * An identity provider's tokens (OpenID Connect Core, section 12): the kubeconfig's while it is good, then others for its
 * refresh token. What is fetched is kept in memory only: the kubeconfig isn't written.
 */
import { Agent, ProxyAgent, request, type Dispatcher } from "undici";
import { decodeJwt } from "jose";
import type { CredentialSource, Presented } from "./credentials.ts";
import { connectReason } from "./connect-reason.ts";
import { Kept } from "./kept.ts";
import type { OidcProvider } from "./kube-connection.ts";
import { KubeError } from "./kube-error.ts";
import { proxyFor, type Environment } from "./proxy.ts";

interface Tokens {
  idToken: string;
  refreshToken: string | undefined;
}
const timeoutMs = 20_000;

export class OidcCredentials implements CredentialSource {
  readonly #provider: OidcProvider;
  readonly #env: Environment;
  readonly #kept: Kept<Tokens>;
  #refreshToken: string | undefined;

  constructor(provider: OidcProvider, env: Environment, now: () => number = Date.now) {
    this.#provider = provider;
    this.#env = env;
    this.#refreshToken = provider.refreshToken;
    const { idToken, refreshToken } = provider;
    this.#kept = new Kept<Tokens>(
      { now, fetch: () => this.#refresh(), expiresAt: (tokens) => expiryOf(tokens.idToken) },
      idToken === undefined ? undefined : { idToken, refreshToken },
    );
  }

  async present(now: number): Promise<Partial<Presented>> {
    const { idToken } = await this.#kept.get(now);
    return { token: idToken, source: "the identity provider" };
  }

  refused(token: string | undefined, _cert: string | undefined, now: number): void {
    if (this.#refreshToken !== undefined) this.#kept.refuse(({ idToken }) => idToken === token, now);
  }

  async #refresh(): Promise<Tokens> {
    const { issuer, clientId, clientSecret, ca } = this.#provider;
    const refreshToken = this.#refreshToken;
    if (refreshToken === undefined)
      throw failure(
        issuer,
        "its token in the kubeconfig has expired, and there is no refresh-token to get another with",
      );
    const tls = ca === undefined ? {} : { ca };
    const proxy = proxyFor(issuer, undefined, this.#env);
    const dispatcher =
      proxy === undefined ? new Agent({ connect: tls }) : new ProxyAgent({ uri: proxy, requestTls: tls });
    try {
      const discovered = await answerOf(
        issuer,
        dispatcher,
        `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`,
      );
      const endpoint = discovered.body["token_endpoint"];
      if (discovered.status !== 200 || typeof endpoint !== "string" || !URL.canParse(endpoint))
        throw failure(issuer, `its discovery document can't be read (HTTP ${discovered.status})`);
      // The secret and the refresh token go nowhere in the clear.
      if (new URL(endpoint).protocol !== "https:") throw failure(issuer, "its token endpoint isn't https");
      const form = { grant_type: "refresh_token", refresh_token: refreshToken };
      const basic = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? "")}`).toString("base64")}`;
      let { status, body } = await answerOf(issuer, dispatcher, endpoint, form, { authorization: basic });
      // RFC 6749, 2.3.1: some take the client's secret only in the form, and public clients have none.
      if (status >= 400 && status < 500 && body["error"] !== "invalid_grant")
        ({ status, body } = await answerOf(issuer, dispatcher, endpoint, {
          ...form,
          client_id: clientId,
          ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
        }));
      if (status !== 200) {
        const said = [body["error"], body["error_description"]].filter((each) => typeof each === "string").join(": ");
        throw failure(issuer, `it gave no new token (${said || `HTTP ${status}`})`);
      }
      const { id_token: idToken, refresh_token: next } = body;
      if (typeof idToken !== "string")
        throw failure(issuer, "it answered without an id_token: the refresh-token must be of the scope openid");
      if (typeof next === "string" && next !== "") this.#refreshToken = next;
      return { idToken, refreshToken: this.#refreshToken };
    } catch (cause) {
      if (cause instanceof KubeError) throw cause;
      throw failure(issuer, `it can't be asked: ${connectReason(cause, issuer)}`);
    } finally {
      void dispatcher.close().catch(() => undefined);
    }
  }
}

async function answerOf(
  issuer: string,
  dispatcher: Dispatcher,
  url: string,
  form?: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      accept: "application/json",
      ...(form && { "content-type": "application/x-www-form-urlencoded" }),
      ...headers,
    },
    ...(form && { method: "POST", body: new URLSearchParams(form).toString() }),
  });
  const text = await body.text();
  try {
    return { status: statusCode, body: JSON.parse(text) as Record<string, unknown> };
  } catch {
    if (statusCode >= 400) return { status: statusCode, body: {} };
    throw failure(issuer, "its answer isn't JSON");
  }
}

/** A token whose end can't be read is used until it is refused. */
function expiryOf(token: string): number {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? Infinity : exp * 1000;
  } catch {
    return Infinity;
  }
}

function failure(issuer: string, why: string): KubeError {
  return new KubeError(
    "kube/credentials",
    `no token from the identity provider ${issuer}: ${why}. Log in again and give Quipu the new kubeconfig: a token that was refreshed here is kept in memory only`,
  );
}
