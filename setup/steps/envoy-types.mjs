// @ts-check
// Envoy's API as TypeScript in gen/, and as one descriptor set in gen/envoy.binpb.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { executable, pinnedNode, root } from "../paths.mjs";
import { XDS_PROTOS } from "../pins.mjs";
import { isStamped, keyOf, stamp } from "../stamp.mjs";
import { withWheel } from "../wheel.mjs";

const gen = join(root, "gen");
const stampFile = join(gen, ".stamp");

/** @type {import("../steps.mjs").Step} */
export const envoyTypes = {
  title: "Envoy's API as TypeScript",
  isDone: () => isStamped(stampFile, key()),
  async run() {
    const modules = await withWheel(XDS_PROTOS.wheel, async (folder) => pythonModules(folder));
    replaceGen(await make(modules));
    stamp(stampFile, key());
  },
};

function key() {
  const packages = ["protobuf", "protoc-gen-es"].map((name) => join(root, "node_modules", "@bufbuild", name));
  return keyOf({
    values: XDS_PROTOS,
    paths: [...packages.map((folder) => join(folder, "package.json")), join(root, "setup", "envoy-types")],
    skip: (name) => name.endsWith(".spec.ts"),
  });
}

/**
 * Envoy takes v3 alone. The set leaves out its frozen versions, and those packages that v3 doesn't import.
 * @param {string} name of a .proto file
 */
function isWanted(name) {
  return /^(envoy|xds)\/.*\/v3(alpha)?\//.test(name) || name.startsWith("opentelemetry/");
}

/**
 * @param {string} folder
 * @returns {string[]} their texts
 */
function pythonModules(folder) {
  const names = /** @type {string[]} */ (readdirSync(folder, { recursive: true }));
  return names.filter((name) => name.endsWith("_pb2.py")).map((name) => readFileSync(join(folder, name), "utf8"));
}

/**
 * @param {string[]} modules
 * @returns {Promise<{ path: string, content: string | Uint8Array }[]>} files for gen/
 */
async function make(modules) {
  // Imported here: a fresh checkout has no packages yet when set-up begins.
  const { create, toBinary } = await import("@bufbuild/protobuf");
  const wkt = await import("@bufbuild/protobuf/wkt");
  const { gather } = await import("../envoy-types/descriptors.mjs");
  const { generate } = await import("../envoy-types/generate.mjs");

  const wellKnown = Object.entries(wkt)
    .filter(([name]) => name.startsWith("file_google_protobuf_"))
    .map(([, file]) => /** @type {import("@bufbuild/protobuf").DescFile} */ (file).proto);
  const file = gather(modules, wellKnown, isWanted);
  const set = toBinary(wkt.FileDescriptorSetSchema, create(wkt.FileDescriptorSetSchema, { file }));
  const types = await generate(file, executable(pinnedNode) ?? process.execPath);
  return [...types, { path: "envoy.binpb", content: set }];
}

/** @param {{ path: string, content: string | Uint8Array }[]} files */
function replaceGen(files) {
  const fresh = `${gen}.partial`;
  rmSync(fresh, { recursive: true, force: true });
  for (const { path, content } of files) {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), content);
  }
  rmSync(gen, { recursive: true, force: true });
  renameSync(fresh, gen);
}
