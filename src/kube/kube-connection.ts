/** All that is needed to talk to one Kubernetes API. Plain data; PEM texts, not paths. Holds secrets: never to be logged. */
export interface KubeConnection {
  /** `https://127.17.0.1:6443`; a path prefix is kept. */
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  token?: string;
  username?: string;
  password?: string;
  /** Checked against the server's certificate in place of the host. */
  tlsServerName?: string;
  insecureSkipTlsVerify?: boolean;
  /** The context's default namespace. */
  namespace?: string;
  /** Absolute paths that the texts above come from: read again from time to time, because what they hold is rotated. */
  files?: { ca?: string; cert?: string; key?: string; token?: string };
  exec?: ExecPlugin;
  oidc?: OidcProvider;
  impersonate?: Impersonation;
  /** `http:`, `https:` or `socks5:`. Absent: as the environment says. */
  proxyUrl?: string;
}

/** `users[].user.exec` (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export interface ExecPlugin {
  apiVersion: "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1";
  /** A name that is looked up in PATH, or an absolute path. */
  command: string;
  args: readonly string[];
  env: readonly { name: string; value: string }[];
  installHint?: string;
  provideClusterInfo: boolean;
  /** What the cluster's entry has for the plugin, in its extension `client.authentication.k8s.io/exec`. */
  clusterConfig?: unknown;
}

/** `users[].user.auth-provider` of name oidc. */
export interface OidcProvider {
  issuer: string;
  clientId: string;
  clientSecret?: string;
  idToken?: string;
  refreshToken?: string;
  /** PEM of the authority that the issuer's certificate comes from; default: those that the system trusts. */
  ca?: string;
}

/** Who to act as (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). */
export interface Impersonation {
  user: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}
