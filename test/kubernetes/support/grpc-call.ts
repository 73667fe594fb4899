import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Place } from "./workload.ts";

export interface GrpcTold {
  code: number;
  details: string;
  answer?: unknown;
}

/** One call of probe.Probe/Unary (test/fixtures/grpc), without retries of the library's own, and a deadline (ms) only where given. */
export function callGrpc({ address, authority }: Place, message: object, deadlineMs?: number): Promise<GrpcTold> {
  const client = new Client(address, credentials.createInsecure(), {
    ...{ "grpc.enable_retries": 0, "grpc.default_authority": authority },
  });
  const encode = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const decode = (bytes: Buffer): unknown => JSON.parse(bytes.toString());
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  return new Promise((resolve) => {
    const told = (error: ServiceError | null, answer?: unknown): void => {
      client.close();
      resolve({ code: error?.code ?? 0, details: error?.details ?? "", answer });
    };
    client.makeUnaryRequest("/probe.Probe/Unary", encode, decode, message, new Metadata(), options, told);
  });
}
