import type { Any } from "@bufbuild/protobuf/wkt";
import { CorsPolicySchema } from "#gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import type { StringMatch } from "../../objects/istio.ts";
import { parseDuration } from "./duration.ts";
import { any } from "./encode.ts";
import { stringMatcher } from "./route-match.ts";

export const corsFilter = "envoy.filters.http.cors";

/** Istio's CorsPolicy. */
interface CorsSettings {
  allowOrigins?: StringMatch[];
  allowOrigin?: string[];
  allowMethods?: string[];
  allowHeaders?: string[];
  exposeHeaders?: string[];
  maxAge?: string;
  allowCredentials?: boolean;
}

export function cors(settings: CorsSettings): Any {
  const origins = settings.allowOrigins ?? (settings.allowOrigin ?? []).map((exact) => ({ exact }));
  const list = (values: string[] | undefined) => (values ?? []).join(",");
  return any(CorsPolicySchema, {
    // `*` is a regular expression in disguise here: any origin.
    allowOriginStringMatch: origins.map((origin) => stringMatcher(origin.exact === "*" ? { regex: ".*" } : origin)),
    allowMethods: list(settings.allowMethods),
    allowHeaders: list(settings.allowHeaders),
    exposeHeaders: list(settings.exposeHeaders),
    ...(settings.maxAge === undefined
      ? {}
      : { maxAge: String(Math.floor((parseDuration(settings.maxAge) ?? 0) / 1000)) }),
    ...(settings.allowCredentials === undefined ? {} : { allowCredentials: settings.allowCredentials }),
  });
}
