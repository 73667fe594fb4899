export interface ExposedAt {
  host: string;
  path: string;
  tls: boolean;
  jwt?: string;
  /** Of a gateway, IP:PORT each. */
  http: string;
  https: string;
}

/** A curl command that reaches an exposed host through a gateway, wherever the host's name resolves to. */
export function curlCommand({ host, path, tls, jwt, http, https }: ExposedAt): string {
  const [ip, port] = https.split(":");
  const exact = path.replace(/\*$/, "");
  const token = jwt === undefined ? "" : " -H 'authorization: Bearer TOKEN'";
  // --resolve, since the gateway chooses its certificate by the name that is asked for.
  return tls
    ? `curl -k --resolve ${host}:${port}:${ip}${token} https://${host}:${port}${exact}`
    : `curl -H 'host: ${host}'${token} http://${http}${exact}`;
}
