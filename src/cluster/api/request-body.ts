import type { IncomingMessage } from "node:http";
import { createGunzip } from "node:zlib";
import { parse, YAMLParseError } from "yaml";
import { ApiError, badRequest } from "./api-error.ts";
import { decodeProtobuf, protobufType } from "./protobuf-body.ts";

/** As a kube-apiserver's limit. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** The whole body, unpacked. @throws ApiError 413 above `limit` bytes. */
export async function readBody(request: IncomingMessage, limit = maxBodyBytes): Promise<Buffer> {
  const tooLarge = (): ApiError =>
    new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
  const packed = request.headers["content-encoding"];
  if (packed !== undefined && packed !== "gzip" && packed !== "identity")
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body's encoding ${JSON.stringify(packed)} is not supported, gzip is`,
    );
  const stream = packed === "gzip" ? request.pipe(createGunzip()) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ApiError ? error : badRequest(`the body could not be read: ${(error as Error).message}`);
  }
  return Buffer.concat(chunks);
}

export const mediaType = (request: IncomingMessage): string =>
  (request.headers["content-type"] ?? "application/json").split(";")[0]!.trim().toLowerCase();

/** JSON, YAML or protobuf, as the type says. @throws ApiError 400 with line and column, 415 for other types. */
export function parseBody(body: Buffer, type: string): unknown {
  if (type === protobufType) return decodeProtobuf(body);
  if (
    type !== "application/json" &&
    !type.endsWith("+json") &&
    type !== "application/yaml" &&
    !type.endsWith("+yaml") &&
    type !== "text/yaml"
  ) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    );
  }
  const text = body.toString("utf8");
  try {
    return type.endsWith("json") || /^\s*[{[]/.test(text) ? JSON.parse(text) : parse(text, { maxAliasCount: 100 });
  } catch (error) {
    const where =
      error instanceof YAMLParseError && error.linePos
        ? ` (line ${error.linePos[0].line}, column ${error.linePos[0].col})`
        : "";
    throw badRequest(`the body could not be parsed${where}: ${(error as Error).message.split("\n")[0]}`);
  }
}
