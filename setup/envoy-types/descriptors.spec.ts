import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, file_google_protobuf_duration } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { gather, jsonName } from "./descriptors.mjs";

function moduleOf(name: string, dependency: string[], fields: string[] = []): string {
  const file = create(FileDescriptorProtoSchema, {
    name,
    dependency,
    messageType: [{ name: "M", field: fields.map((field) => ({ name: field })) }],
  });
  const hex = Array.from(toBinary(FileDescriptorProtoSchema, file), (b) => `\\x${b.toString(16).padStart(2, "0")}`);
  return `pool.AddSerializedFile(b'${hex.join("")}')`;
}

const a = moduleOf("a.proto", ["b.proto", "google/protobuf/duration.proto"]);
const b = moduleOf("b.proto", ["c.proto"], ["connect_timeout"]);
const c = moduleOf("c.proto", []);
const unused = moduleOf("unused.proto", ["nowhere.proto"]);
const known = [file_google_protobuf_duration.proto];
const names = (modules: string[]) => gather(modules, known, (name) => name === "a.proto").map((file) => file.name);

describe("gathering descriptors", () => {
  it("puts each file after what it imports, and leaves out what nobody wants", () => {
    expect(names([a, unused, c, b, "# no descriptor"])).toEqual([
      "c.proto",
      "b.proto",
      "google/protobuf/duration.proto",
      "a.proto",
    ]);
  });

  it("doesn't depend on the order in which files are found", () => {
    expect(names([c, b, a])).toEqual(names([a, b, c]));
  });

  it("says which import is missing", () => {
    expect(() => names([a, b])).toThrow("b.proto imports c.proto");
  });

  it("fills in the JSON names that Python's modules lack", () => {
    const [, file] = gather([a, b, c], known, (name) => name === "a.proto");
    expect(file?.messageType[0]?.field[0]?.jsonName).toBe("connectTimeout");
  });

  it.each([
    ["name", "name"],
    ["max_requests_per_connection", "maxRequestsPerConnection"],
    ["x_1_2", "x12"],
    ["trailing_", "trailing"],
    ["_lead__double", "LeadDouble"],
  ])("gives %s the JSON name %s, as protoc does", (name, expected) => {
    expect(jsonName(name)).toBe(expected);
  });
});
