import { expect, test } from "vitest";
import type { App } from "./app.ts";
import { protocolOf } from "./protocol.ts";
import { rosterOf } from "./roster.ts";

test("everything that an App asks for, at stage wanted", () => {
  const app: App = {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name: "orders" },
    spec: {
      team: "shop",
      segment: "shop",
      workload: {
        ports: [
          { name: "tcp", port: 5432 },
          { name: "http", port: 8080 },
        ],
      },
      calls: [
        { app: "catalog" },
        { app: "payments", methods: ["POST"] },
        { app: "payments", paths: ["/x"], timeout: "1s" },
        { host: "api.example.com" },
        { host: "old.example.com", port: 80 },
      ],
      access: { callers: [{ app: "search", methods: ["GET"] }] },
      expose: [{ host: "www.example.com", jwt: "customers" }],
    },
  };
  expect(
    rosterOf(app, { revisions: ["r7"], segmentOf: (name) => (name === "payments" ? "money" : undefined) }),
  ).toEqual({
    app: "orders",
    segment: "shop",
    team: "shop",
    revisions: ["r7"],
    ports: [
      { name: "tcp", port: 5432, protocol: "tcp" },
      { name: "http", port: 8080, protocol: "http" },
    ],
    edges: {
      catalog: { rules: [{}], stage: "wanted", segment: "" },
      payments: { rules: [{ methods: ["POST"] }, { paths: ["/x"] }], stage: "wanted", segment: "money" },
    },
    outside: [
      { host: "api.example.com", port: 443, protocol: "tls", stage: "wanted" },
      { host: "old.example.com", port: 80, protocol: "http", stage: "wanted" },
    ],
    consents: [{ app: "search", methods: ["GET"] }],
    hosts: [{ host: "www.example.com", path: "/", port: "http", jwt: "customers", stage: "wanted" }],
  });
});

test.each([
  ["http", "http"],
  ["http-admin", "http"],
  ["http2-x", "http2"],
  ["grpc", "grpc"],
  ["grpcish", "tcp"],
  ["tls-db", "tls"],
  ["metrics", "tcp"],
])("port %s speaks %s", (name, protocol) => {
  expect(protocolOf({ name })).toBe(protocol);
  expect(protocolOf({ name, appProtocol: "grpc" })).toBe("grpc");
});
