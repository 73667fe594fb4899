import { problemCodes, type ProblemCode } from "./problem-codes.ts";

export interface ProblemDetails {
  /** Overrides the code's own HTTP status. */
  status?: number;
  /** Path of the field in its document: `spec.calls[0].timeout`. */
  field?: string;
  /** What stood there, in the user's own spelling. */
  found?: unknown;
  /** What would be accepted, in words or as an example. */
  accepted?: string;
  /** Place in the text it came from, both from 1. */
  line?: number;
  column?: number;
  /** `App/checkout`: the document concerned, when several were given. */
  subject?: string;
  cause?: unknown;
}

/** RFC 9457 problem document, with members of ours. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  field?: string;
  found?: unknown;
  accepted?: string;
  line?: number;
  column?: number;
  subject?: string;
  /** All problems, when there are several; the document itself then tells the first. */
  problems?: ProblemDocument[];
}

/** An error with a stable code that says where, what was found, and what is accepted. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly status: number;
  readonly field: string | undefined;
  readonly found: unknown;
  readonly accepted: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly subject: string | undefined;

  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? problemCodes[code].status;
    this.field = details.field;
    this.found = details.found;
    this.accepted = details.accepted;
    this.line = details.line;
    this.column = details.column;
    this.subject = details.subject;
  }

  get title(): string {
    return problemCodes[this.code].title;
  }

  /** The same problem with more known about it (a line, a subject). */
  with(details: ProblemDetails): Problem {
    const { status, field, found, accepted, line, column, subject, cause } = this;
    return new Problem(this.code, this.message, {
      status,
      field,
      found,
      accepted,
      line,
      column,
      subject,
      cause,
      ...details,
    });
  }

  toJSON(): ProblemDocument {
    return {
      type: `https://quipu.dev/errors#${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(this.field !== undefined && { field: this.field }),
      ...(this.found !== undefined && { found: this.found }),
      ...(this.accepted !== undefined && { accepted: this.accepted }),
      ...(this.line !== undefined && { line: this.line }),
      ...(this.column !== undefined && { column: this.column }),
      ...(this.subject !== undefined && { subject: this.subject }),
    };
  }
}

/** One RFC 9457 document for one or more problems. Throws a RangeError when there are none. */
export function problemDocument(problems: readonly Problem[]): ProblemDocument {
  const first = problems[0];
  if (first === undefined) throw new RangeError("no problem to tell");
  if (problems.length === 1) return first.toJSON();
  return { ...first.toJSON(), problems: problems.map((problem) => problem.toJSON()) };
}
