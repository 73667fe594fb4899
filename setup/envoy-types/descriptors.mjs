// @ts-check
// One descriptor set out of many files' descriptors: complete, each file after what it imports.
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { serializedFile } from "./literal.mjs";

/** @typedef {import("@bufbuild/protobuf/wkt").FileDescriptorProto} File */
/** @typedef {import("@bufbuild/protobuf/wkt").DescriptorProto} Message */
/** @typedef {import("@bufbuild/protobuf/wkt").FieldDescriptorProto} Field */

/**
 * @param {Iterable<string>} modules texts of `_pb2.py` files
 * @param {Iterable<File>} known descriptors that the modules lean on but don't hold
 * @param {(name: string) => boolean} isRoot the wanted files; what they import comes along
 * @returns {File[]} by dependency, independent of the order of the input
 */
export function gather(modules, known, isRoot) {
  /** @type {Map<string, File>} */
  const files = new Map();
  for (const module of modules) {
    const bytes = serializedFile(module);
    if (!bytes) continue;
    const file = fromBinary(FileDescriptorProtoSchema, bytes);
    files.set(file.name, withJsonNames(file));
  }
  for (const file of known) files.set(file.name, file);
  return byDependency(files, [...files.keys()].filter(isRoot).sort());
}

/**
 * @param {Map<string, File>} files
 * @param {string[]} roots
 */
function byDependency(files, roots) {
  /** @type {Set<File>} */
  const ordered = new Set();
  /** @type {(name: string, importer: string) => void} */
  const visit = (name, importer) => {
    const file = files.get(name);
    if (!file) throw new Error(`${importer} imports ${name}, of which there is no descriptor`);
    if (ordered.has(file)) return;
    for (const imported of file.dependency) visit(imported, name); // protobuf allows no cycles
    ordered.add(file);
  };
  for (const name of roots) visit(name, "set-up");
  return [...ordered];
}

/**
 * Python's modules leave out `json_name`, which protoc fills in for every other plugin and a registry relies on.
 * @param {File} file
 */
function withJsonNames(file) {
  fill(file.extension);
  file.messageType.forEach(fillMessage);
  return file;
}

/** @param {Message} message */
function fillMessage(message) {
  fill(message.field);
  fill(message.extension);
  message.nestedType.forEach(fillMessage);
}

/** @param {Field[]} fields */
function fill(fields) {
  for (const field of fields) field.jsonName ||= jsonName(field.name);
}

/**
 * The name that protoc gives: underscores go, and the letter after each becomes a capital.
 * @param {string} name
 */
export function jsonName(name) {
  return name.replace(/_+(.?)/g, (_, letter) => letter.toUpperCase());
}
