import type { Deployment, ConfigMap } from "../../objects/core.ts";
import { ObjectStore, type ObjectStoreOptions } from "./object-store.ts";

/** A store for specs: time stands still, uids count up. */
export function newStore(options: Partial<ObjectStoreOptions> = {}): ObjectStore {
  let count = 0;
  return new ObjectStore({
    path: ":memory:",
    now: () => new Date("2026-01-02T03:04:05.678Z"),
    uid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
    ...options,
  });
}

export function deployment(name: string, namespace = "default"): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "app", image: "example/app:1" }] },
      },
    },
  };
}

export function configMap(name: string, data: Record<string, string>, namespace = "default"): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}
