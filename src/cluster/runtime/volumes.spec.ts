import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Container, Pod, Volume } from "../../objects/core.ts";
import { planVolumes, writeVolumes } from "./volumes.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quipu-volumes-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const head = { apiVersion: "v1", kind: "", metadata: { name: "" } };
const sources = {
  configMap: (name: string) =>
    name === "rules"
      ? {
          ...head,
          data: { "rules.yaml": "a: 1", other: "x" },
          binaryData: { blob: Buffer.from([0, 255]).toString("base64") },
        }
      : undefined,
  secret: (name: string) =>
    name === "tls" ? { ...head, data: { key: Buffer.from("k").toString("base64") } } : undefined,
};
function plan(volumes: Volume[], volumeMounts: Container["volumeMounts"]) {
  const container: Container = { name: "app", image: "i", ...(volumeMounts && { volumeMounts }) };
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "shop" },
    spec: { containers: [container], volumes },
  };
  return planVolumes(pod, container, sources);
}

it("lays folders and single files below the root; secrets are for the owner alone", () => {
  writeVolumes(
    plan(
      [
        { name: "c", configMap: { name: "rules" } },
        { name: "s", secret: { secretName: "tls", items: [{ key: "key", path: "deep/tls.key" }] } },
        { name: "e", emptyDir: {} },
      ],
      [
        { name: "c", mountPath: "/etc/all" },
        { name: "c", mountPath: "/etc/checkout/rules.yaml", subPath: "rules.yaml" },
        { name: "s", mountPath: "/etc/tls" },
        { name: "e", mountPath: "/var/cache" },
      ],
    ),
    root,
  );
  expect(readFileSync(join(root, "etc/checkout/rules.yaml"), "utf8")).toBe("a: 1");
  expect(readFileSync(join(root, "etc/all/blob"))).toEqual(Buffer.from([0, 255]));
  expect(readFileSync(join(root, "etc/tls/deep/tls.key"), "utf8")).toBe("k");
  expect(statSync(join(root, "etc/tls/deep/tls.key")).mode & 0o777).toBe(0o400);
  expect(statSync(join(root, "etc/all/other")).mode & 0o777).toBe(0o444);
  expect(statSync(join(root, "var/cache")).isDirectory()).toBe(true);
});

it("can be laid down twice, as a restart does", () => {
  const twice = plan([{ name: "s", secret: { secretName: "tls" } }], [{ name: "s", mountPath: "/etc/tls" }]);
  writeVolumes(twice, root);
  expect(() => writeVolumes(twice, root)).not.toThrow();
});

it("never leads out of the pod's folder", () => {
  expect(() =>
    writeVolumes(plan([{ name: "e", emptyDir: {} }], [{ name: "e", mountPath: "../../escaped" }]), root),
  ).toThrow(/leads out/);
  const up = plan(
    [{ name: "c", configMap: { name: "rules", items: [{ key: "other", path: "../../../escaped" }] } }],
    [{ name: "c", mountPath: "/etc" }],
  );
  writeVolumes(up, root);
  expect(readFileSync(join(root, "escaped"), "utf8")).toBe("x");
});

it.each([
  [[{ name: "c", configMap: { name: "none" } }], [{ name: "c", mountPath: "/a" }], 'configmap "none" not found'],
  [
    [{ name: "c", configMap: { name: "rules", items: [{ key: "none", path: "x" }] } }],
    [{ name: "c", mountPath: "/a" }],
    "couldn't find key none",
  ],
  [
    [{ name: "c", configMap: { name: "rules" } }],
    [{ name: "c", mountPath: "/a", subPath: "none" }],
    'has no file "none"',
  ],
  [
    [{ name: "c", hostPath: { path: "/" } } as never],
    [{ name: "c", mountPath: "/a" }],
    "accepted: configMap, secret, emptyDir",
  ],
  [[], [{ name: "c", mountPath: "/a" }], "names no volume"],
])("refuses %j %j", (volumes, mounts, message) => {
  expect(() => plan(volumes as Volume[], mounts)).toThrow(
    expect.objectContaining({ reason: "CreateContainerConfigError", message: expect.stringContaining(message) }),
  );
});

it("an optional source may be absent", () =>
  expect(
    plan([{ name: "c", configMap: { name: "none", optional: true } }], [{ name: "c", mountPath: "/a" }]).files,
  ).toEqual([]));
