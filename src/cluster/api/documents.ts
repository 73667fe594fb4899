import { discovery } from "./discovery.ts";
import { openApiDocument, openApiIndex } from "./openapi.ts";
import type { PodTokens } from "./tokens.ts";

/** As `/version` answers; `gitVersion` such as `v1.36.3-quipu`. */
export interface Version {
  major: string;
  minor: string;
  gitVersion: string;
}

/** Where and how the server is asked. `address`: host and port of this connection. */
export interface Asked {
  version: Version;
  tokens: PodTokens;
  address: string;
  aggregated: boolean;
}

/** What the API says about itself: its version, its resources, their schemas, and the keys of its tokens. Undefined: no such document. */
export function document(pathname: string, { version, tokens, address, aggregated }: Asked): unknown {
  switch (pathname) {
    case "/version":
      return {
        ...version,
        gitCommit: "",
        gitTreeState: "clean",
        buildDate: "",
        goVersion: "",
        compiler: "",
        platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
      };
    case "/openapi/v3":
      return openApiIndex();
    case "/openid/v1/jwks":
      return { keys: [tokens.jwk] };
    case "/.well-known/openid-configuration":
      return {
        issuer: tokens.issuer,
        jwks_uri: `https://${address}/openid/v1/jwks`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      };
    default:
      return openApiDocument(pathname) ?? discovery(pathname, address, aggregated);
  }
}
