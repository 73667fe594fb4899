import { fromBinary, toJson } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema } from "@bufbuild/protobuf/wkt";

/** What is used of `envoy.config.core.v3.Node`. */
export interface DiscoveryNode {
  id: string;
  cluster: string;
  metadata: Record<string, unknown>;
  locality: { region: string; zone: string };
}

/** `envoy.service.discovery.v3.DeltaDiscoveryRequest`; read by hand since thousands of acknowledgements a second are nothing but a type and a nonce. */
export interface DeltaRequest {
  /** Only in a stream's first message. */
  node?: DiscoveryNode;
  typeUrl: string;
  subscribe: string[];
  unsubscribe: string[];
  initialVersions: Map<string, string>;
  /** Empty when the message answers nothing. */
  nonce: string;
  /** Why the response with this nonce was rejected. */
  error?: string;
}

export function deltaRequest(typeUrl: string, fields: Partial<DeltaRequest> = {}): DeltaRequest {
  return { typeUrl, subscribe: [], unsubscribe: [], initialVersions: new Map(), nonce: "", ...fields };
}

/** Throws when the bytes aren't a message. */
export function decodeDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const reader = new BinaryReader(bytes);
  const request = deltaRequest("");
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    switch (field) {
      case 1:
        request.node = decodeNode(reader.bytes());
        break;
      case 2:
        request.typeUrl = reader.string();
        break;
      case 3:
        request.subscribe.push(reader.string());
        break;
      case 4:
        request.unsubscribe.push(reader.string());
        break;
      case 5: {
        const { 1: name, 2: version } = decodeTexts(reader.bytes());
        request.initialVersions.set(name ?? "", version ?? "");
        break;
      }
      case 6:
        request.nonce = reader.string();
        break;
      case 7:
        request.error = decodeTexts(reader.bytes())[2] ?? "";
        break;
      default:
        reader.skip(wireType, field);
    }
  }
  return request;
}

/** The fields of a message that are texts, by number. */
function decodeTexts(bytes: Uint8Array): Record<number, string> {
  const reader = new BinaryReader(bytes);
  const texts: Record<number, string> = {};
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) texts[field] = Buffer.from(reader.bytes()).toString();
    else reader.skip(wireType, field);
  }
  return texts;
}

function decodeNode(bytes: Uint8Array): DiscoveryNode {
  const reader = new BinaryReader(bytes);
  const node: DiscoveryNode = { id: "", cluster: "", metadata: {}, locality: { region: "", zone: "" } };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) node.id = reader.string();
    else if (field === 2) node.cluster = reader.string();
    else if (field === 3)
      node.metadata = toJson(StructSchema, fromBinary(StructSchema, reader.bytes())) as Record<string, unknown>;
    else if (field === 4) {
      const { 1: region = "", 2: zone = "" } = decodeTexts(reader.bytes());
      node.locality = { region, zone };
    } else reader.skip(wireType, field);
  }
  return node;
}

/** The counterpart, for clients (tests, and whoever asks a mesh process as a proxy would). The node is given encoded, or not at all. */
export function encodeDeltaRequest(request: Omit<DeltaRequest, "node">, node?: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  if (node) writer.tag(1, WireType.LengthDelimited).bytes(node);
  writer.tag(2, WireType.LengthDelimited).string(request.typeUrl);
  for (const name of request.subscribe) writer.tag(3, WireType.LengthDelimited).string(name);
  for (const name of request.unsubscribe) writer.tag(4, WireType.LengthDelimited).string(name);
  for (const [name, version] of request.initialVersions) {
    writer.tag(5, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name).tag(2, WireType.LengthDelimited).string(version).join();
  }
  if (request.nonce !== "") writer.tag(6, WireType.LengthDelimited).string(request.nonce);
  if (request.error !== undefined)
    writer.tag(7, WireType.LengthDelimited).fork().tag(2, WireType.LengthDelimited).string(request.error).join();
  return writer.finish();
}
