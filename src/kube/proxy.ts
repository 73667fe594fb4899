/** Which proxy leads to a server: the kubeconfig's word, else the environment's, read as Go's `net/http` reads it. */
import { BlockList, isIP } from "node:net";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Those that client-go takes. */
export const proxySchemes = ["http:", "https:", "socks5:"] as const;

export function isProxyUrl(url: string): boolean {
  return URL.canParse(url) && proxySchemes.some((scheme) => scheme === new URL(url).protocol);
}

/**
 * The proxy's URL; undefined: none. `explicit` is the kubeconfig's `proxy-url` and counts always; HTTPS_PROXY and
 * HTTP_PROXY (in lower case too) don't count for loopback addresses and what NO_PROXY names: `*`, hosts (with their
 * subdomains; with a leading dot those only), addresses, networks (`10.0.0.0/8`), each perhaps with a port.
 */
export function proxyFor(server: string, explicit: string | undefined, env: Environment): string | undefined {
  if (explicit !== undefined) return explicit;
  const url = new URL(server);
  const names = url.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  const proxy = names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  if (proxy === undefined || isExcepted(url, env["NO_PROXY"] || env["no_proxy"] || "")) return undefined;
  return /^[a-z0-9+.-]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

function isExcepted(url: URL, list: string): boolean {
  const host = hostOf(url);
  const family = isIP(host);
  if (host === "localhost" || isLoopback(host, family)) return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== "" && matches(entry, host, family, port));
}

function matches(entry: string, host: string, family: number, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return family !== 0 && inNetwork(entry, host, family);
  const [, name = entry, wanted] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const bare = name.replace(/^\[|\]$/g, "");
  if (family !== 0) return bare === host;
  const domain = bare.replace(/^\*/, "");
  return domain.startsWith(".") ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function inNetwork(network: string, host: string, family: number): boolean {
  const [address = "", bits = ""] = network.split("/");
  const kind = isIP(address);
  if (kind !== family || !/^\d+$/.test(bits) || Number(bits) > (kind === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), kind === 4 ? "ipv4" : "ipv6");
  return list.check(host, kind === 4 ? "ipv4" : "ipv6");
}

function isLoopback(host: string, family: number): boolean {
  return family === 4 ? host.startsWith("127.") : host === "::1";
}
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}
