import { isDeepStrictEqual } from "node:util";
import { ApiError, badRequest } from "./api-error.ts";
import { isMap } from "./field-walk.ts";

export interface JsonPatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

const failed = (message: string): ApiError =>
  new ApiError(422, "Invalid", `the server rejected our request due to an error in our request: ${message}`);

/** RFC 6902 on a copy. @throws ApiError 400 for a malformed patch, 422 when it doesn't fit the object. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is a list of operations");
  if (patch.length > 10_000)
    throw new ApiError(
      413,
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is 10000, got ${patch.length}`,
    );
  let root = structuredClone(target);
  for (const operation of patch as JsonPatchOperation[]) {
    if (!isMap(operation) || typeof operation.op !== "string" || typeof operation.path !== "string")
      throw badRequest("a JSON patch operation needs op and path");
    root = perform(root, operation);
  }
  return root;
}

function perform(root: unknown, { op, path, from, value }: JsonPatchOperation): unknown {
  switch (op) {
    case "add":
      return put(root, pointer(path), structuredClone(value), true);
    case "replace":
      read(root, path);
      return put(root, pointer(path), structuredClone(value), false);
    case "remove":
      return remove(root, path);
    case "test":
      if (!isDeepStrictEqual(read(root, path), value)) throw failed(`testing value ${path} failed`);
      return root;
    case "copy":
      return put(root, pointer(path), structuredClone(read(root, from ?? "")), true);
    case "move": {
      const moved = read(root, from ?? "");
      return put(remove(root, from ?? ""), pointer(path), moved, true);
    }
    default:
      throw badRequest(
        `unknown JSON patch operation ${JSON.stringify(op)}: accepted are add, remove, replace, move, copy, test`,
      );
  }
}

function pointer(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) throw badRequest(`the JSON pointer ${JSON.stringify(path)} doesn't begin with /`);
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function index(list: readonly unknown[], part: string, end: number): number {
  const at = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : NaN;
  if (!(at <= end)) throw failed(`index ${part} is outside of a list of ${list.length}`);
  return at;
}

function read(root: unknown, path: string): unknown {
  let value = root;
  for (const part of pointer(path)) {
    if (Array.isArray(value)) value = value[index(value, part, value.length - 1)];
    else if (isMap(value) && Object.hasOwn(value, part)) value = value[part];
    else throw failed(`nothing is at ${path}`);
  }
  return value;
}

function put(root: unknown, parts: readonly string[], value: unknown, insert: boolean): unknown {
  const last = parts.at(-1);
  if (last === undefined) return value;
  const parent = read(
    root,
    parts
      .slice(0, -1)
      .map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`)
      .join(""),
  );
  if (Array.isArray(parent)) {
    if (last === "-") parent.push(value);
    else if (insert) parent.splice(index(parent, last, parent.length), 0, value);
    else parent[index(parent, last, parent.length - 1)] = value;
  } else if (isMap(parent))
    Object.defineProperty(parent, last, { value, writable: true, enumerable: true, configurable: true });
  else throw failed(`nothing can be put at /${parts.join("/")}`);
  return root;
}

function remove(root: unknown, path: string): unknown {
  read(root, path);
  const parts = pointer(path);
  const last = parts.pop();
  if (last === undefined) return null;
  const parent = read(root, path.slice(0, path.lastIndexOf("/")));
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string, unknown>)[last];
  return root;
}
