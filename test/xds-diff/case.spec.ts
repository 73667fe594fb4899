import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../setup/paths.mjs";
import type { Pod } from "../../src/objects/core.ts";
import { readDiffCase } from "./case.ts";

const golden = join(root, "src/mesh/compile/golden");

test.each(readdirSync(golden))("golden case %s becomes objects that a kube-apiserver can take, in order", (name) => {
  const { objects, proxies } = readDiffCase(readFileSync(join(golden, name, "in.yaml"), "utf8"));
  const text = JSON.stringify({ objects, proxies });
  expect(text).not.toMatch(/127\.25\d\./);
  expect(new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).size).toBe(
    objects.length,
  );
  const before = (kind: string) => objects.findLastIndex((object) => object.kind === kind);
  expect(before("Namespace")).toBeLessThan(objects.findIndex(({ kind }) => kind === "ServiceAccount"));
  for (const proxy of proxies) {
    expect(proxy.id).toMatch(
      /^(?:sidecar|router)~10\.25\d\.\d+\.\d+~[a-z0-9-]+\.[a-z-]+~[a-z-]+\.svc\.cluster\.local$/,
    );
    const pod = objects.find(
      ({ kind, metadata }) => kind === "Pod" && metadata.name === proxy.name && metadata.namespace === proxy.namespace,
    ) as Pod;
    expect(pod.status?.podIP).toBe(proxy.ip);
    expect(pod.spec?.containers.length).toBe(1);
  }
});
