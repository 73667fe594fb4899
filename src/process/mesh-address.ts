import { isIP } from "node:net";
import { CliError } from "../cli/cli-error.ts";

/** `HOST:PORT`, the host being an IP address or `localhost`; IPv6 in brackets. Port 0: any free one. Throws a `CliError`. */
export function parseListen(text: string): { host: string; port: number; loopback: boolean } {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  const port = Number(digits);
  const known = six !== undefined ? isIP(six) === 6 : host === "localhost" || isIP(host ?? "") === 4;
  if (host === undefined || !known || port > 65_535)
    throw new CliError(
      "usage",
      `--listen ${text}: not of the form ADDRESS:PORT`,
      "For example: --listen 127.0.0.1:15010, or --listen [::]:15012",
    );
  return { host, port, loopback: host === "localhost" || host.startsWith("127.") || host === "::1" };
}

/** What proxies prove who they are by must not be readable by others on the way, and nobody else may be believed. Throws a `CliError`. */
export function checkExposure(options: { loopback: boolean; tls: boolean; identity: "token" | "node" }): void {
  if (options.loopback) return;
  if (options.identity === "node")
    throw new CliError(
      "usage",
      "--identity node believes whoever connects, and --listen is reachable from other machines",
      "Listen on a loopback address, or have proxies prove who they are (--identity token).",
    );
  if (!options.tls)
    throw new CliError(
      "usage",
      "--listen is reachable from other machines, and in plain text others could read the tokens of proxies",
      "Give --tls-cert and --tls-key, or listen on a loopback address.",
    );
}
