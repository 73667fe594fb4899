import { expect, test } from "vitest";
import { encodeGrpcMessage, parseGrpcTimeout } from "./grpc-status.ts";

test("a message is percent-encoded outside printable ASCII", () => {
  expect(encodeGrpcMessage("50% für a\nb")).toBe("50%25 f%C3%BCr a%0Ab");
});

test("timeouts in every unit", () => {
  expect(["1H", "2M", "3S", "4m", "5000u", "6000000n"].map((text) => parseGrpcTimeout(text))).toEqual([
    3_600_000, 120_000, 3000, 4, 5, 6,
  ]);
  expect(parseGrpcTimeout(undefined)).toBeUndefined();
  for (const wrong of ["", "5", "5s", "-1S", "123456789S"])
    expect(() => parseGrpcTimeout(wrong)).toThrow(/grpc-timeout/);
});
