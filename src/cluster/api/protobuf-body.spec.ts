import { describe, expect, it } from "vitest";
import { decodeProtobuf } from "./protobuf-body.ts";

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
const bytes = (number: number, value: string | number[]): number[] => {
  const content = typeof value === "string" ? [...Buffer.from(value)] : value;
  return [...varint((number << 3) | 2), ...varint(content.length), ...content];
};
const int = (number: number, value: number): number[] => [...varint(number << 3), ...varint(value)];
const envelope = (apiVersion: string, kind: string, raw: number[]): Buffer =>
  Buffer.from([...Buffer.from("k8s\0"), ...bytes(1, [...bytes(1, apiVersion), ...bytes(2, kind)]), ...bytes(2, raw)]);

describe("the protobuf encoding of Kubernetes", () => {
  it("decodes maps, byte strings, inlined messages, int-or-strings, quantities and times", () => {
    const metadata = [
      ...bytes(1, "p"),
      ...bytes(2, ""),
      ...bytes(8, int(1, 1_700_000_000)),
      ...bytes(11, [...bytes(1, "app"), ...bytes(2, "web")]),
      ...bytes(9, []),
    ];
    const probe = bytes(1, bytes(2, [...bytes(1, "/ready"), ...bytes(2, [...int(1, 1), ...bytes(3, "http")])]));
    const container = [
      ...bytes(1, "app"),
      ...bytes(8, bytes(1, [...bytes(1, "cpu"), ...bytes(2, bytes(1, "100m"))])),
      ...bytes(11, [...probe, ...int(2, 5)]),
      ...bytes(6, [...bytes(1, ""), ...int(2, 0), ...int(3, 8080)]),
    ];
    const volume = [...bytes(1, "v"), ...bytes(2, bytes(2, []))];
    expect(
      decodeProtobuf(
        envelope("v1", "Pod", [
          ...bytes(1, metadata),
          ...bytes(2, [...bytes(1, volume), ...bytes(2, container), ...int(4, 0)]),
        ]),
      ),
    ).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", creationTimestamp: "2023-11-14T22:13:20Z", labels: { app: "web" } },
      spec: {
        volumes: [{ name: "v", emptyDir: {} }],
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "app",
            resources: { limits: { cpu: "100m" } },
            readinessProbe: { httpGet: { path: "/ready", port: "http" }, initialDelaySeconds: 5 },
            ports: [{ containerPort: 8080 }],
          },
        ],
      },
    });
    expect(decodeProtobuf(envelope("v1", "Secret", bytes(2, [...bytes(1, "k"), ...bytes(2, "v")])))).toMatchObject({
      data: { k: "dg==" },
    });
  });

  it.each([
    Buffer.from("{}"),
    Buffer.from("k8s\0\x0a\xff", "latin1"),
    envelope("v1", "Unheard", []),
    envelope("v1", "Pod", [0x0a, 0x7f]),
  ])("refuses what it can't read", (body) => {
    expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ code: 400 }));
  });
});
