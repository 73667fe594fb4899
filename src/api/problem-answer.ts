import type { FastifyReply, FastifyRequest } from "fastify";
import { Problem, problemDocument } from "../model/problem.ts";
import { Problems } from "../release/changes.ts";
import { StoreFailure, StoreUnavailable } from "../store/store-error.ts";

/** Any error as problems with codes; what nobody foresaw becomes `internal` and stays out of the answer. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof Problems) return error.problems;
  if (error instanceof Problem) return [error];
  if (error instanceof StoreFailure) return [new Problem("store-failed", error.message, { cause: error })];
  if (error instanceof StoreUnavailable) return [new Problem("store-unavailable", error.message, { cause: error })];
  const { code } = error as { code?: string };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return [new Problem("too-large", "The body is larger than 1 MiB.", { accepted: "at most 1048576 bytes" })];
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return [
      new Problem("unsupported-media-type", (error as Error).message, {
        field: "Content-Type",
        accepted: "application/json or application/yaml",
      }),
    ];
  if (code === "FST_ERR_CTP_EMPTY_JSON_BODY")
    return [new Problem("bad-request", "The body is empty.", { accepted: "a document" })];
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return [new Problem("bad-request", (error as Error).message, { status: statusCode })];
  return [
    new Problem("internal", "Something went wrong. The server's log tells more under this request's id.", {
      cause: error,
    }),
  ];
}

export function sendProblems(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problems = problemsOf(error);
  const document = problemDocument(problems);
  if (document.status >= 500) request.log.error({ err: error }, "request failed");
  if (document.status === 401) reply.header("www-authenticate", 'Bearer realm="quipu"');
  return reply
    .code(document.status)
    .type("application/problem+json")
    .send(JSON.stringify({ ...document, instance: `urn:quipu:request:${request.id}` }));
}
