import { operations, type Operations, type Problem } from "../generated/api.ts";
import { target } from "./target.ts";

type Part<O extends keyof Operations, P extends "path" | "query" | "body"> = Operations[O][P] extends undefined
  ? { [key in P]?: undefined }
  : P extends "query"
    ? { [key in P]?: Operations[O][P] }
    : { [key in P]: Operations[O][P] };
export type CallOptions<O extends keyof Operations> = Part<O, "path"> &
  Part<O, "query"> &
  Part<O, "body"> & { signal?: AbortSignal };

/** A problem that the API told (RFC 9457), or that there was no API: code `offline`. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;
  constructor(problem: Partial<Problem>, fallback: { status: number; code: string; detail: string }) {
    super(problem.detail ?? fallback.detail);
    this.status = problem.status ?? fallback.status;
    this.code = problem.code ?? fallback.code;
    this.problem = problem;
  }
}

/** What was asked for isn't there. */
export function isMissing(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

/** One request to the API. Throws ApiProblem. */
export async function call<O extends keyof Operations>(
  operation: O,
  options: CallOptions<O>,
): Promise<Operations[O]["answer"]> {
  const { method, path } = operations[operation];
  const { body, signal } = options;
  const response = await send(target(path, options.path, options.query), {
    method,
    headers: { accept: "application/json", ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined;
  const type = response.headers.get("content-type") ?? "";
  return (type.includes("json") ? await response.json() : await response.text()) as Operations[O]["answer"];
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new ApiProblem(
      {},
      { status: 0, code: "offline", detail: "The server doesn't answer. What runs in the clusters goes on." },
    );
  }
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const told = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return new ApiProblem(told, {
    status: response.status,
    code: "unknown",
    detail: `The server answered ${response.status}.`,
  });
}
