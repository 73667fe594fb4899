import { encodedFields, isMessage, messageOf, type FieldType } from "../../objects/field-types.ts";
import { badRequest } from "./api-error.ts";

/**
 * Bodies in the protobuf encoding of Kubernetes (API concepts, "Protobuf encoding"): the four bytes `k8s\0`, then an
 * envelope with apiVersion, kind and the message. kubectl sends them for the built-in kinds. Answers are always JSON,
 * which its Accept header allows.
 */
export const protobufType = "application/vnd.kubernetes.protobuf";

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest("the protobuf body is cut off");
  }

  take(length: number): Buffer {
    if (!(length >= 0 && this.#at + length <= this.#bytes.length)) throw badRequest("the protobuf body is cut off");
    return this.#bytes.subarray(this.#at, (this.#at += length));
  }

  /** The next field: its number and its bytes, or its varint. */
  field(): { number: number; value: Buffer | bigint } {
    const tag = Number(this.varint());
    const number = tag >> 3;
    switch (tag & 7) {
      case 0:
        return { number, value: this.varint() };
      case 1:
        return { number, value: this.take(8) };
      case 2:
        return { number, value: this.take(Number(this.varint())) };
      case 5:
        return { number, value: this.take(4) };
      default:
        throw badRequest(`the protobuf body has an unknown wire type ${tag & 7}`);
    }
  }
}

function* fieldsIn(bytes: Buffer): Generator<{ number: number; value: Buffer | bigint }> {
  for (const reader = new Reader(bytes); !reader.done;) yield reader.field();
}

const bytesOf = (value: Buffer | bigint): Buffer => {
  if (typeof value === "bigint") throw badRequest("the protobuf body has a number where a message belongs");
  return value;
};
const numbered = (bytes: Buffer): Map<number, Buffer | bigint> =>
  new Map([...fieldsIn(bytes)].map(({ number, value }) => [number, value]));

function scalar(value: Buffer | bigint, type: string): unknown {
  if (type === "integer") return Number(value);
  if (type === "boolean") return value !== 0n;
  const bytes = bytesOf(value);
  switch (type) {
    case "string":
      return bytes.toString("utf8");
    case "bytes":
      return bytes.toString("base64");
    case "number":
      return bytes.readDoubleLE(0);
    case "quantity":
      return bytesOf(numbered(bytes).get(1) ?? Buffer.alloc(0)).toString("utf8");
    case "json": {
      const raw = numbered(bytes).get(1);
      return raw === undefined ? undefined : JSON.parse(bytesOf(raw).toString("utf8"));
    }
    case "int-or-string": {
      const parts = numbered(bytes);
      return (parts.get(1) ?? 0n) === 0n
        ? Number(parts.get(2) ?? 0n)
        : bytesOf(parts.get(3) ?? Buffer.alloc(0)).toString("utf8");
    }
    case "time":
    case "microtime": {
      const parts = numbered(bytes);
      const seconds = parts.get(1) as bigint | undefined;
      // An empty message, or the year 1, is Go's zero time: no time.
      if (seconds === undefined || seconds <= -62_135_596_800n) return undefined;
      const at = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
      return type === "time"
        ? `${at}Z`
        : `${at}.${String((Number((parts.get(2) as bigint | undefined) ?? 0n) / 1000) | 0).padStart(6, "0")}Z`;
    }
    default:
      throw badRequest(`no protobuf form of ${type}`);
  }
}

function valueOf(value: Buffer | bigint, { type, wrapped }: FieldType): unknown {
  if (wrapped) return [...fieldsIn(bytesOf(value))].map((item) => scalar(item.value, type));
  return isMessage(type) ? decodeMessage(bytesOf(value), type) : scalar(value, type);
}

/** Go writes the zero value of every field that is no pointer; JSON leaves it out. */
const isZero = (value: unknown): boolean => value === "" || value === 0 || value === false || value === undefined;

function decodeMessage(bytes: Buffer, message: string): Record<string, unknown> {
  const byNumber = new Map([...encodedFields(message)].map(([name, field]) => [field.number, { name, field }]));
  const object: Record<string, unknown> = {};
  for (const { number, value } of fieldsIn(bytes)) {
    const known = byNumber.get(number);
    if (known === undefined) continue;
    const { name, field } = known;
    if (field.inline) Object.assign(object, decodeMessage(bytesOf(value), field.type));
    else if (field.shape === "list") ((object[name] ??= []) as unknown[]).push(valueOf(value, field));
    else if (field.shape === "map") {
      const entry = numbered(bytesOf(value));
      const key = bytesOf(entry.get(1) ?? Buffer.alloc(0)).toString("utf8");
      const inner = entry.get(2) ?? (field.type === "integer" || field.type === "boolean" ? 0n : Buffer.alloc(0));
      Object.defineProperty((object[name] ??= {}), key, {
        value: valueOf(inner, field),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    } else {
      const decoded = valueOf(value, field);
      if (!isZero(decoded) || field.pointer) object[name] = decoded;
    }
  }
  return object;
}

/** The object in a protobuf body, as JSON would have it. @throws ApiError 400 for kinds without such an encoding here. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  if (body.subarray(0, 4).toString("latin1") !== "k8s\0")
    throw badRequest("the body is not in the protobuf encoding of Kubernetes");
  const envelope = numbered(body.subarray(4));
  const meta = numbered(bytesOf(envelope.get(1) ?? Buffer.alloc(0)));
  const [apiVersion, kind] = [1, 2].map((number) => bytesOf(meta.get(number) ?? Buffer.alloc(0)).toString("utf8")) as [
    string,
    string,
  ];
  const message =
    messageOf(apiVersion, kind) ??
    (kind === "DeleteOptions" ? messageOf("meta.k8s.io/v1", "DeleteOptions") : undefined);
  if (message === undefined)
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  return { apiVersion, kind, ...decodeMessage(bytesOf(envelope.get(2) ?? Buffer.alloc(0)), message) };
}
