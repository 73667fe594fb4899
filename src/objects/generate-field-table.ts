/**
 * Makes field-table.json: every field of the kinds in use with its type, and for the built-in kinds its number on
 * the wire. Sources are the published Go modules; run from the checkout after
 *   go mod download k8s.io/api@v0.36.3 k8s.io/apimachinery@v0.36.3 istio.io/api@v1.31.1
 * as  node src/objects/generate-field-table.ts "$(go env GOMODCACHE)"
 * Field names, numbers and types only: no text is taken over.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { kinds } from "./kinds.ts";
import { groupVersion } from "./meta.ts";

const cache = process.argv[2];
if (cache === undefined) throw new Error("usage: node src/objects/generate-field-table.ts MODULE_CACHE");
const api = join(cache, "k8s.io/api@v0.36.3");
const machinery = join(cache, "k8s.io/apimachinery@v0.36.3/pkg");

const packages: Record<string, string> = {
  "k8s.io.apimachinery.pkg.apis.meta.v1": join(machinery, "apis/meta/v1"),
  ...Object.fromEntries(
    [
      "core/v1",
      "apps/v1",
      "autoscaling/v1",
      "autoscaling/v2",
      "policy/v1",
      "discovery/v1",
      "coordination/v1",
      "authentication/v1",
      "authorization/v1",
    ].map((path) => [`k8s.io.api.${path.replace("/", ".")}`, join(api, path)]),
  ),
};
/** Types with a JSON form of their own. */
const scalars: Record<string, string> = {
  string: "string",
  bool: "boolean",
  int32: "integer",
  int64: "integer",
  uint32: "integer",
  double: "number",
  bytes: "bytes",
  "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "time",
  "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
  "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "json",
  "k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity",
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
  "k8s.io.apimachinery.pkg.runtime.RawExtension": "json",
};

type Fields = Record<string, string>;
const raw = new Map<string, Fields>();
for (const [name, folder] of Object.entries(packages)) readPackage(name, folder);

function readPackage(packageName: string, folder: string): void {
  const inline = new Set<string>();
  const jsonNames = new Map<string, string>();
  const pointers = new Set<string>();
  let struct = "";
  for (const file of ["types.go"]) {
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      struct = /^type (\w+) struct/.exec(line)?.[1] ?? struct;
      // An embedded struct may leave its name out: it is the type's, in lower case.
      const embedded = /^\s+(\w+)\s+`json:",inline" protobuf:"[^"=]*"`/.exec(line)?.[1];
      if (embedded !== undefined) inline.add(`${struct}.${embedded[0]!.toLowerCase()}${embedded.slice(1)}`);
      const tags = /`.*json:"([^"]*)".*protobuf:"[^"]*name=(\w+)/.exec(line);
      if (tags === null) continue;
      if (/^\s+\w+\s+\*/.test(line)) pointers.add(`${struct}.${tags[2]}`);
      const [json, ...options] = tags[1]!.split(",");
      if (json === "" && options.includes("inline")) inline.add(`${struct}.${tags[2]}`);
      else jsonNames.set(`${struct}.${tags[2]}`, json!);
    }
  }
  let message = "";
  for (const line of readFileSync(join(folder, "generated.proto"), "utf8").split("\n")) {
    const opened = /^message (\w+) \{/.exec(line);
    if (opened) raw.set(`${packageName}.${(message = opened[1]!)}`, {});
    const field = /^\s+(optional|repeated|map<string,) ?\.?([\w.]+)>? (\w+) = (\d+)/.exec(line);
    if (field === null || line.includes("//")) continue;
    const [, label, type, name, number] = field as unknown as [string, string, string, string, string];
    const full = scalars[type] ?? (type.includes(".") ? (scalars[type] ?? type) : `${packageName}.${type}`);
    const shape = label === "repeated" ? "[]" : label === "optional" ? "" : "{}";
    const key = inline.has(`${message}.${name}`) ? `^${name}` : (jsonNames.get(`${message}.${name}`) ?? name);
    // A pointer's zero value is a value; any other's is nothing.
    const pointer =
      shape === "" &&
      pointers.has(`${message}.${name}`) &&
      ["string", "integer", "boolean"].includes(scalars[full] ?? full)
        ? "*"
        : "";
    raw.get(`${packageName}.${message}`)![key] = `${number} ${shape}${pointer}${scalars[full] ?? full}`;
  }
}

const short = (name: string): string =>
  name.replace("k8s.io.apimachinery.pkg.apis.meta.", "meta.").replace("k8s.io.api.", "");
const messages: Record<string, Fields> = {};
function reach(name: string): void {
  if (messages[short(name)] !== undefined) return;
  const fields = raw.get(name);
  if (fields === undefined) throw new Error(`no message ${name}`);
  const own: Fields = (messages[short(name)] = {});
  for (const [field, text] of Object.entries(fields)) {
    const [, number, shape, type] = /^(\d+) (\[\]|\{\})?(.+)$/.exec(text) as unknown as [
      string,
      string,
      string | undefined,
      string,
    ];
    if (raw.has(type)) reach(type);
    // ExtraValue and its like are messages that stand for a plain list.
    const items = raw.get(type)?.["items"];
    const wrapped = items !== undefined && Object.keys(raw.get(type)!).length === 1 && !type.endsWith("List");
    own[field] = `${number} ${shape ?? ""}${wrapped ? `items ${items.slice(2)}` : short(type)}`;
  }
}

type Schema = {
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  enum?: string[];
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
};
function custom(name: string, schema: Schema): string {
  if (schema["x-kubernetes-int-or-string"]) return "int-or-string";
  if (schema.type === "array") return `[]${custom(name, schema.items ?? {})}`;
  if (schema.type === "object" && schema.properties !== undefined) {
    messages[name] = Object.fromEntries(
      Object.entries(schema.properties).map(([field, value]) => [field, `0 ${custom(`${name}.${field}`, value)}`]),
    );
    return name;
  }
  if (schema.type === "object" && schema.additionalProperties !== undefined)
    return `{}${custom(name, schema.additionalProperties)}`;
  if (schema.enum !== undefined && schema.type === "string") return `enum:${schema.enum.join("|")}`;
  return schema.type === "string" || schema.type === "integer" || schema.type === "number" || schema.type === "boolean"
    ? schema.type
    : "json";
}

const roots: Record<string, string> = {};
const crds = readFileSync(join(cache, "istio.io/api@v1.31.1/kubernetes/customresourcedefinitions.gen.yaml"), "utf8")
  .split(/^---$/m)
  .map(
    (text) =>
      parse(text) as {
        spec: {
          group: string;
          names: { kind: string };
          versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
        };
      } | null,
  );
for (const { apiVersion, kind } of Object.values(kinds)) {
  const { group, version } = groupVersion(apiVersion);
  if (group.endsWith("istio.io")) {
    const crd = crds.find((one) => one?.spec.group === group && one.spec.names.kind === kind)!;
    const schema = crd.spec.versions.find(({ name }) => name === version)!.schema.openAPIV3Schema;
    const root = `${group.split(".")[0]}.${version}.${kind}`;
    custom(root, {
      type: "object",
      properties: {
        spec: schema.properties!["spec"]!,
        status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    });
    messages[root]!["metadata"] = "0 meta.v1.ObjectMeta";
    roots[`${apiVersion}/${kind}`] = root;
  } else {
    const full = `k8s.io.api.${group === "" ? "core" : group.replace(/\.k8s\.io$/, "")}.${version}.${kind}`;
    reach(full);
    roots[`${apiVersion}/${kind}`] = short(full);
  }
}
const virtual = {
  "authentication.k8s.io/v1": ["TokenReview", "SelfSubjectReview", "TokenRequest"],
  "authorization.k8s.io/v1": ["SelfSubjectAccessReview", "SubjectAccessReview"],
  "autoscaling/v1": ["Scale"],
};
for (const [apiVersion, names] of Object.entries(virtual)) {
  for (const name of names) {
    const full = `k8s.io.api.${groupVersion(apiVersion).group.replace(/\.k8s\.io$/, "")}.v1.${name}`;
    reach(full);
    roots[`${apiVersion}/${name}`] = short(full);
  }
}
reach("k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions");
roots["meta.k8s.io/v1/DeleteOptions"] = "meta.v1.DeleteOptions";
const sorted = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = (record: Record<string, unknown>): string =>
  Object.entries(sorted(record))
    .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(",\n");
writeFileSync(
  new URL("field-table.json", import.meta.url),
  `{\n  "kinds": {\n${lines(roots)}\n  },\n  "messages": {\n${lines(messages)}\n  }\n}\n`,
);
