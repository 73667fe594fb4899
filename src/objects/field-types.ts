import table from "./field-table.json" with { type: "json" };

/** JSON forms of values that aren't messages. `json` is anything. */
export type Scalar =
  | "string"
  | "boolean"
  | "integer"
  | "number"
  | "bytes"
  | "time"
  | "microtime"
  | "quantity"
  | "int-or-string"
  | "json";
export interface FieldType {
  /** In the Kubernetes protobuf encoding; 0 for custom resources, which have none. */
  readonly number: number;
  readonly shape: "one" | "list" | "map";
  /** A message's name, or a scalar. */
  readonly type: string;
  readonly enum?: readonly string[];
  /** Its zero value is a value, not an absence. */
  readonly pointer: boolean;
  /** For `items T` of the table: a message that holds nothing but a list of scalars, and is that list in JSON. */
  readonly wrapped: boolean;
  /** Its own fields are fields of the message around it. */
  readonly inline: boolean;
}

const messages = table.messages as unknown as Readonly<Record<string, Readonly<Record<string, string>>>>;
const roots = table.kinds as Readonly<Record<string, string>>;
const own = new Map<string, ReadonlyMap<string, FieldType>>();
const flat = new Map<string, ReadonlyMap<string, FieldType>>();

function parse(text: string, inline: boolean): FieldType {
  const [, number, shape, wrapped, pointer, type] = /^(\d+) (\[\]|\{\})?(items \[\])?(\*)?(.+)$/.exec(
    text,
  ) as unknown as [string, string, string?, string?, string?, string?];
  const accepted = type!.startsWith("enum:") ? type!.slice(5).split("|") : undefined;
  return {
    number: Number(number),
    shape: shape === "[]" ? "list" : shape === "{}" ? "map" : "one",
    type: accepted === undefined ? type! : "string",
    inline,
    ...(accepted === undefined ? {} : { enum: accepted }),
    pointer: pointer !== undefined,
    wrapped: wrapped !== undefined,
  };
}

export const isMessage = (type: string): boolean => messages[type] !== undefined;
/** The message of a kind, by `apiVersion/Kind`. */
export const messageOf = (apiVersion: string, kind: string): string | undefined => roots[`${apiVersion}/${kind}`];

/** Fields as they are encoded, inlined messages as one field each. */
export function encodedFields(message: string): ReadonlyMap<string, FieldType> {
  let fields = own.get(message);
  if (fields === undefined)
    own.set(
      message,
      (fields = new Map(
        Object.entries(messages[message] ?? {}).map(([name, text]) => [
          name.replace(/^\^/, ""),
          parse(text, name.startsWith("^")),
        ]),
      )),
    );
  return fields;
}

/** Fields as JSON has them. */
export function fieldsOfMessage(message: string): ReadonlyMap<string, FieldType> {
  let fields = flat.get(message);
  if (fields === undefined) {
    const all = new Map<string, FieldType>();
    for (const [name, field] of encodedFields(message)) {
      if (!field.inline) all.set(name, field);
      else for (const [inner, type] of fieldsOfMessage(field.type)) all.set(inner, type);
    }
    flat.set(message, (fields = all));
  }
  return fields;
}
