import {
  nothingInUse,
  nothingStated,
  type Answer,
  type InUse,
  type Question,
  type Stated,
} from "../explain/question.ts";
import { QueryError } from "./acknowledged-query.ts";

export interface ExplainQuery {
  /** Whose proxy the request goes out from. */
  from: { namespace: string; serviceAccount: string };
  question: Question;
}

type Fields = Record<string, unknown>;

/** The body of `POST /explain`; everything but `from` and `url` may be left out. Throws a QueryError. */
export function parseExplainQuery(text: string): ExplainQuery {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new QueryError("", "no JSON", "{from, url, …}");
  }
  return explainQuery(body);
}

/** The same, of JSON that is already parsed. */
export function explainQuery(body: unknown): ExplainQuery {
  const { from, url, method = "GET", headers = {}, via = "proxy", direct, stated = {}, ...rest } = fields("", body);
  none("", rest, "from, url, method, headers, via, direct, stated");
  const caller = fields("from", from);
  const target = string("url", url);
  if (!/^(https?|tcp):\/\/[^/]/.test(target) || !URL.canParse(target))
    throw new QueryError("url", JSON.stringify(target), "http://HOST[:PORT]/PATH, https://… or tcp://HOST:PORT");
  if (via !== "proxy" && via !== "connect" && via !== "address" && via !== "gateway")
    throw new QueryError("via", JSON.stringify(via), "proxy, connect, address or gateway");
  const at = direct === undefined ? undefined : fields("direct", direct);
  return {
    from: {
      namespace: string("from.namespace", caller["namespace"]),
      serviceAccount: string("from.serviceAccount", caller["serviceAccount"]),
    },
    question: {
      method: string("method", method),
      url: target,
      via,
      headers: Object.fromEntries(
        Object.entries(fields("headers", headers)).map(([name, value]) => [
          name.toLowerCase(),
          string(`headers.${name}`, value),
        ]),
      ),
      ...(at !== undefined && {
        direct: { address: string("direct.address", at["address"]), port: number("direct.port", at["port"]) },
      }),
      stated: parseStated(stated),
    },
  };
}

function parseStated(value: unknown): Stated {
  const {
    answers,
    caller = {},
    callee = {},
    tokens = {},
    rateLimitService = true,
    tokenValid = true,
    ...rest
  } = fields("stated", value);
  none("stated.", rest, "answers, caller, callee, tokens, rateLimitService, tokenValid");
  if (answers !== undefined && (!Array.isArray(answers) || answers.length === 0))
    throw new QueryError("stated.answers", JSON.stringify(answers), "a list of {status, delayMs}");
  return {
    answers:
      answers === undefined
        ? nothingStated.answers
        : (answers as unknown[]).map((answer, index) => parseAnswer(`stated.answers[${index}]`, answer)),
    caller: inUse("stated.caller", caller),
    callee: inUse("stated.callee", callee),
    tokens: Object.fromEntries(
      Object.entries(fields("stated.tokens", tokens)).map(([limit, left]) => [
        limit,
        number(`stated.tokens.${limit}`, left),
      ]),
    ),
    rateLimitService: boolean("stated.rateLimitService", rateLimitService),
    tokenValid: boolean("stated.tokenValid", tokenValid),
  };
}

function parseAnswer(field: string, value: unknown): Answer {
  const { status = 200, delayMs = 0, ...rest } = fields(field, value);
  none(`${field}.`, rest, "status, delayMs");
  if (
    status !== "refused" &&
    status !== "reset" &&
    !(typeof status === "number" && Number.isInteger(status) && status >= 200 && status < 600)
  )
    throw new QueryError(`${field}.status`, JSON.stringify(status), "200 to 599, refused or reset");
  return { status, delayMs: number(`${field}.delayMs`, delayMs) };
}

function inUse(field: string, value: unknown): InUse {
  const given = fields(field, value);
  none(
    `${field}.`,
    Object.fromEntries(Object.entries(given).filter(([name]) => !(name in nothingInUse))),
    Object.keys(nothingInUse).join(", "),
  );
  return {
    ...nothingInUse,
    ...Object.fromEntries(Object.entries(given).map(([name, count]) => [name, number(`${field}.${name}`, count)])),
  };
}

function fields(field: string, value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new QueryError(field, value === undefined ? "nothing" : JSON.stringify(value).slice(0, 100), "an object");
  return value as Fields;
}
function none(prefix: string, rest: Fields, accepted: string): void {
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw new QueryError(`${prefix}${unknown}`, "an unknown field", accepted);
}
function string(field: string, value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new QueryError(field, value === undefined ? "nothing" : JSON.stringify(value), "a text");
  return value;
}
function number(field: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw new QueryError(field, value === undefined ? "nothing" : JSON.stringify(value), "a number from 0");
  return value;
}
function boolean(field: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new QueryError(field, JSON.stringify(value), "true or false");
  return value;
}
