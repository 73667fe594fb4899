/** gRPC's status codes that are used here (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
export type GrpcStatus = (typeof grpcStatus)[keyof typeof grpcStatus];

/** Ends a call with a status and a message for the client. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly status: GrpcStatus;

  constructor(status: GrpcStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** Percent-encoding of `grpc-message` (gRPC over HTTP/2, "Status-Message"): all but printable ASCII, and `%`. */
export function encodeGrpcMessage(message: string): string {
  let encoded = "";
  for (const byte of Buffer.from(message)) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

const unitMs: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** `grpc-timeout` ("100m", "5S") in milliseconds. Undefined when absent; a GrpcError when it can't be read. */
export function parseGrpcTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const found = /^(\d{1,8})([HMSmun])$/.exec(header);
  if (!found)
    throw new GrpcError(
      grpcStatus.internal,
      `grpc-timeout is ${JSON.stringify(header)}; up to 8 digits and one of H, M, S, m, u, n are accepted`,
    );
  return Number(found[1]) * unitMs[found[2]!]!;
}
