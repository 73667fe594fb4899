import { expect, test } from "vitest";
import { speechOf } from "./speech.ts";

test("ports tell what is spoken", () => {
  expect(speechOf(undefined)).toEqual(["http"]);
  expect(speechOf([])).toEqual([]);
  expect(
    speechOf([
      { name: "http" },
      { name: "http2-admin" },
      { name: "grpc" },
      { name: "tls" },
      { name: "redis", appProtocol: "grpc" },
    ]),
  ).toEqual(["http", "grpc", "tcp"]);
});
