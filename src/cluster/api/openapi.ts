import { kinds, resourcePath, type Kind } from "../../objects/kinds.ts";
import { groupVersion } from "../../objects/meta.ts";
import { apiVersions } from "./discovery.ts";
import { addSchemas, type Schema } from "./openapi-schemas.ts";

const root = (apiVersion: string): string => (apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`);
const parameter = (name: string, type = "string") => ({ name, in: "query", schema: { type, uniqueItems: true } });
const writeParameters = [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")];

function gvk(kind: Kind): Record<string, string> {
  const { group, version } = groupVersion(kind.apiVersion);
  return { group, version, kind: kind.kind };
}

/** `/openapi/v3`: where the document of each group version is. */
export function openApiIndex(): unknown {
  return {
    paths: Object.fromEntries(
      apiVersions.map((apiVersion) => [
        root(apiVersion),
        { serverRelativeURL: `/openapi/v3/${root(apiVersion)}?hash=1` },
      ]),
    ),
  };
}

/** `/openapi/v3/apis/GROUP/VERSION`: the operations that clients look at, and a schema for each kind. Undefined: no such version. */
export function openApiDocument(pathname: string): unknown {
  const apiVersion = apiVersions.find((version) => pathname === `/openapi/v3/${root(version)}`);
  if (apiVersion === undefined) return undefined;
  const paths: Record<string, unknown> = {};
  const components: Record<string, Schema> = {};
  for (const kind of Object.values<Kind>(kinds)) {
    if (kind.apiVersion !== apiVersion) continue;
    const name = addSchemas(kind, components);
    const content = { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } };
    const operation = (action: string, extra: Record<string, unknown> = {}) => ({
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": gvk(kind),
      responses: { 200: { description: "OK", content } },
      ...extra,
    });
    const path = resourcePath(kind, kind.namespaced ? "NAMESPACE" : undefined).replace("NAMESPACE", "{namespace}");
    paths[path] = {
      get: operation("list"),
      post: operation("post", { parameters: writeParameters }),
      delete: operation("deletecollection"),
    };
    paths[`${path}/{name}`] = {
      get: operation("get"),
      put: operation("put", { parameters: writeParameters }),
      delete: operation("delete"),
      patch: operation("patch", { parameters: [...writeParameters, parameter("force", "boolean")] }),
    };
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "embedded" },
    paths,
    components: { schemas: components },
  };
}
