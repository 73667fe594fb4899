import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../../objects/meta.ts";
import type { MeshCompiler, Proxy } from "../../resource.ts";
import { createMeshCompiler } from "../compiler.ts";
import { registry } from "./registry.ts";

export interface Case {
  compiler: MeshCompiler;
  proxies: Proxy[];
  objects: KubeObject[];
}

/** Reads a golden folder's `in.yaml`: Kubernetes and Istio objects, and a document `kind: Proxy` for each connected proxy. `edit` changes its text first. */
export function readCase(folder: URL, edit: (text: string) => string = (text) => text): Case {
  const documents = parseAllDocuments(edit(readFileSync(new URL("in.yaml", folder), "utf8"))).map(
    (document) => document.toJS() as { kind: string },
  );
  const proxies = documents.filter(({ kind }) => kind === "Proxy") as unknown as Proxy[];
  const objects = documents.filter(({ kind }) => kind !== "Proxy") as unknown as KubeObject[];
  const errors: unknown[] = [];
  const compiler = createMeshCompiler({ registry, trustDomain: "quipu.local", onError: (error) => errors.push(error) });
  for (const object of objects) compiler.put(object);
  compiler.flush();
  for (const proxy of proxies) compiler.addProxy(proxy);
  for (const proxy of proxies) compiler.snapshot(proxy.id);
  if (errors.length > 0) throw errors[0];
  return { compiler, proxies, objects };
}
