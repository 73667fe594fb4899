// @ts-check
// TypeScript from descriptors: protoc's plugin protocol spoken directly, so that neither protoc nor buf has to be installed.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, CodeGeneratorResponseSchema } from "@bufbuild/protobuf/wkt";
import { join } from "node:path";
import { root } from "../paths.mjs";
import { SetupError, run } from "../run.mjs";

const PLUGIN = join(root, "node_modules", "@bufbuild", "protoc-gen-es", "bin", "protoc-gen-es");
// erasable_syntax: Node strips types and nothing more, so there can be no `enum`.
const PARAMETER = "target=ts,import_extension=ts,erasable_syntax=true";

/**
 * @param {import("./descriptors.mjs").File[]} files by dependency
 * @param {string} node the Node that runs the plugin
 * @returns {Promise<{ path: string, content: string }[]>}
 */
export async function generate(files, node) {
  const request = create(CodeGeneratorRequestSchema, {
    // Google's well-known types come with @bufbuild/protobuf; the plugin imports those that it isn't asked for.
    fileToGenerate: files.map((file) => file.name).filter((name) => !name.startsWith("google/protobuf/")),
    parameter: PARAMETER,
    protoFile: files,
  });
  const output = await run(node, [PLUGIN], { input: toBinary(CodeGeneratorRequestSchema, request) });
  const response = fromBinary(CodeGeneratorResponseSchema, output);
  if (response.error) throw new SetupError("the generator of Envoy's types failed", undefined, response.error);
  return response.file.map((file) => ({ path: file.name, content: file.content }));
}
