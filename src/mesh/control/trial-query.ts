import type { KubeObject } from "../../objects/meta.ts";
import { QueryError } from "./acknowledged-query.ts";
import { explainQuery, type ExplainQuery } from "./explain-query.ts";

/** What if these objects were there, and those weren't? */
export interface TrialQuery {
  put: readonly KubeObject[];
  remove: readonly { kind: string; namespace: string; name: string }[];
  questions: readonly ExplainQuery[];
}

/** More are refused: a trial keeps the process busy. */
export const mostQuestions = 500;

const shape = "{put: [object, …], remove: [{kind, namespace, name}, …], questions: [as of /explain, …]}";

/** The body of `POST /trial`. Throws a QueryError. */
export function parseTrialQuery(text: string): TrialQuery {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new QueryError("", "no JSON", shape);
  }
  if (!isFields(body)) throw new QueryError("", "no object", shape);
  const { put = [], remove = [], questions, ...rest } = body;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new QueryError(unknown, "an unknown field", "put, remove, questions");
  const asked = list("questions", questions);
  if (asked.length > mostQuestions)
    throw new QueryError("questions", `${asked.length} of them`, `at most ${mostQuestions}`);
  return {
    put: list("put", put).map((object, index) => {
      const field = `put[${index}]`;
      if (!isFields(object) || !isFields(object["metadata"]))
        throw new QueryError(field, "no object", "{kind, metadata}");
      const { kind, metadata } = object;
      return {
        ...object,
        kind: name(`${field}.kind`, kind),
        metadata: head(`${field}.metadata`, metadata),
      } as unknown as KubeObject;
    }),
    remove: list("remove", remove).map((id, index) => {
      const field = `remove[${index}]`;
      if (!isFields(id)) throw new QueryError(field, JSON.stringify(id), "{kind, namespace, name}");
      const { kind, namespace = "", name: called } = id;
      return {
        kind: name(`${field}.kind`, kind),
        namespace: namespace === "" ? "" : name(`${field}.namespace`, namespace),
        name: name(`${field}.name`, called),
      };
    }),
    questions: asked.map((question, index) => {
      try {
        return explainQuery(question);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        throw new QueryError(
          `questions[${index}]${error.field === "" ? "" : `.${error.field}`}`,
          error.found,
          error.accepted,
        );
      }
    }),
  };
}

function head(field: string, metadata: Record<string, unknown>): Record<string, unknown> {
  const { name: called, namespace, labels, annotations } = metadata;
  name(`${field}.name`, called);
  if (namespace !== undefined && namespace !== "") name(`${field}.namespace`, namespace);
  for (const [map, value] of Object.entries({ labels, annotations }))
    if (value !== undefined && !(isFields(value) && Object.values(value).every((entry) => typeof entry === "string")))
      throw new QueryError(`${field}.${map}`, JSON.stringify(value), "texts by name");
  return metadata;
}

function list(field: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new QueryError(field, value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100), "a list");
}
function name(field: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new QueryError(field, value === undefined ? "nothing" : JSON.stringify(value), "a text");
}
function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
