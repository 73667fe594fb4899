import { expect, it } from "vitest";
import type { Namespace, Pod } from "../../objects/core.ts";
import { isGateway, wantsSidecar, withSidecar } from "./injection.ts";

const pod = (labels?: Record<string, string>, annotations?: Record<string, string>): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...(labels && { labels }), ...(annotations && { annotations }) },
  spec: { containers: [{ name: "app", image: "i" }] },
});
const namespace = (labels: Record<string, string>): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "n", labels },
});

it.each([
  [undefined, {}, false],
  [undefined, { "istio-injection": "enabled" }, true],
  [undefined, { "istio.io/rev": "1-32" }, true],
  [undefined, { "istio-injection": "disabled", "istio.io/rev": "1-32" }, false],
  ["false", { "istio-injection": "enabled" }, false],
  ["true", {}, true],
])("label %s in a namespace %j: %s", (label, labels, wanted) => {
  expect(
    wantsSidecar(
      pod(label === undefined ? undefined : { "sidecar.istio.io/inject": label }),
      namespace(labels as Record<string, string>),
    ),
  ).toBe(wanted);
});
it("a gateway is one by its annotation", () =>
  expect(isGateway(pod(undefined, { "inject.istio.io/templates": "gateway" }))).toBe(true));
it("adds one container, once, and names the app's as the default", () => {
  const injected = withSidecar(pod(), "envoy");
  expect(injected.spec?.containers.map((container) => container.name)).toEqual(["app", "istio-proxy"]);
  expect(injected.metadata.annotations?.["kubectl.kubernetes.io/default-container"]).toBe("app");
  expect(withSidecar(injected, "envoy")).toBe(injected);
});
