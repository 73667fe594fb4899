/** Why no connection came about, in words, with what to do; from the errors of Node's sockets, TLS and undici. */

const certificate: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the server's certificate has expired: it must be renewed there (or this machine's clock is ahead)",
  CERT_NOT_YET_VALID:
    "the server's certificate isn't valid yet: its clock is ahead of this machine's, or this machine's is behind",
  ...Object.fromEntries(
    [
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "CERT_SIGNATURE_FAILURE",
      "INVALID_CA",
      "CERT_UNTRUSTED",
    ].map((code) => [
      code,
      "the server's certificate isn't from the authority that the kubeconfig names (certificate-authority): the kubeconfig is of another cluster, the cluster has a new authority, or somebody stands in between",
    ]),
  ),
};
const others: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name can't be resolved",
  EAI_AGAIN: "its name can't be resolved now",
  EHOSTUNREACH: "no way leads there",
  ENETUNREACH: "no way leads there",
  ETIMEDOUT: "it doesn't answer",
  UND_ERR_CONNECT_TIMEOUT: "it doesn't answer",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "what it answers is longer than any answer of an API",
  ECONNRESET: "it broke the connection off",
  ERR_SSL_WRONG_VERSION_NUMBER: "what listens there doesn't speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "what listens there doesn't speak TLS",
};
/** TLS alerts of the server about our certificate (RFC 8446, 6.2). */
const alert =
  /ALERT_(CERTIFICATE_REQUIRED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** `server`: its URL. The technical message follows in brackets, for those who search for it. */
export function connectReason(cause: unknown, server: string): string {
  const error = innermost(cause);
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const said = error.message || error.name;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the server's certificate isn't for ${new URL(server).hostname}: name what it is for as tls-server-name (${said})`;
  if (alert.test(code)) return `the server doesn't accept our client certificate (${said})`;
  const words = certificate[code] ?? others[code] ?? (/HTTP Tunneling/.test(said) ? "the proxy refuses" : undefined);
  return words === undefined ? said : `${words} (${said})`;
}

/** Undici and the happy-eyeballs connector wrap what happened. */
function innermost(cause: unknown): unknown {
  for (let error = cause, depth = 0; ; depth++) {
    const inner = error instanceof AggregateError ? error.errors[0] : error instanceof Error ? error.cause : undefined;
    const known = error instanceof Error && "code" in error && typeof error.code === "string" && isKnown(error.code);
    if (known || !(inner instanceof Error) || depth === 5) return error;
    error = inner;
  }
}
function isKnown(code: string): boolean {
  return code in certificate || code in others || alert.test(code) || code === "ERR_TLS_CERT_ALTNAME_INVALID";
}
