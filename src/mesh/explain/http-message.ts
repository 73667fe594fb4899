import type { HeaderValueOption } from "#gen/envoy/config/core/v3/base_pb.ts";
import { HeaderValueOption_HeaderAppendAction as Append } from "#gen/envoy/config/core/v3/base_pb.ts";
import type { HeaderOf } from "./text-match.ts";

/** A request on its way; never changed, only replaced. */
export interface HttpRequest {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a CONNECT: what is sent inside. */
  readonly tunnelled?: HttpRequest;
}

export function headerOf({ method, scheme, authority, path, headers }: HttpRequest): HeaderOf {
  return (name) => {
    switch (name) {
      case ":method":
        return method;
      case ":scheme":
        return scheme;
      case ":authority":
      case "host":
        return authority;
      case ":path":
        return path;
      default:
        return Object.hasOwn(headers, name) ? headers[name] : undefined;
    }
  };
}

/** Without query and fragment. */
export function pathOnly(path: string): string {
  return path.replace(/[?#].*$/s, "");
}

export function queryOf(path: string): URLSearchParams {
  const at = path.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : path.slice(at + 1));
}

/** What `normalize_path` does before anything else looks at the path: dot segments go, `\` is `/`, needlessly escaped characters are plain (RFC 3986, 6.2). */
export function normalizePath(path: string): string {
  const plain = pathOnly(path);
  if (!plain.startsWith("/")) return path;
  const unescaped = plain.replaceAll("\\", "/").replace(/%([0-9a-f]{2})/gi, (whole, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : whole;
  });
  const kept: string[] = [];
  const segments = unescaped.slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === "." || segment === "..") {
      if (segment === "..") kept.pop();
      if (last) kept.push("");
    } else kept.push(segment);
  }
  return `/${kept.join("/")}${path.slice(plain.length)}`;
}

interface Operations {
  requestHeadersToAdd: HeaderValueOption[];
  requestHeadersToRemove: string[];
}

/** What routes and virtual hosts do to a request's headers, in Envoy's order: most specific first. */
export function withHeaderOperations(
  request: HttpRequest,
  operations: readonly (Operations | undefined)[],
): HttpRequest {
  const headers: Record<string, string> = { ...request.headers };
  for (const one of operations) {
    for (const name of one?.requestHeadersToRemove ?? []) delete headers[name.toLowerCase()];
    for (const { header, appendAction, append } of one?.requestHeadersToAdd ?? []) {
      if (header === undefined) continue;
      const name = header.key.toLowerCase();
      const found = headers[name];
      const overwrite = appendAction === Append.OVERWRITE_IF_EXISTS_OR_ADD || append === false;
      if (found === undefined) {
        if (appendAction !== Append.OVERWRITE_IF_EXISTS) headers[name] = header.value;
      } else if (overwrite || appendAction === Append.OVERWRITE_IF_EXISTS) headers[name] = header.value;
      else if (appendAction === Append.APPEND_IF_EXISTS_OR_ADD) headers[name] = `${found},${header.value}`;
    }
  }
  return { ...request, headers };
}
