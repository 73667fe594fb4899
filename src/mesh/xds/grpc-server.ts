import { createSecureServer, createServer } from "node:http2";
import type {
  Http2SecureServer,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import type { ListenOptions } from "node:net";
import { frame, FrameReader } from "./grpc-frame.ts";
import { encodeGrpcMessage, GrpcError, grpcStatus, parseGrpcTimeout } from "./grpc-status.ts";
import type { GrpcStatus } from "./grpc-status.ts";

/** A call in progress, as its method sees it. */
export interface GrpcCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client goes away or its deadline passes. */
  readonly signal: AbortSignal;
  /** Sends a message that is framed already. False: there is no room; wait for `drain`. */
  write(framed: Uint8Array): boolean;
  /** Ends the call with trailers. Later writes and ends do nothing. */
  end(status: GrpcStatus, message?: string): void;
}

/** What a method does with its stream. An exception ends the call (a GrpcError with its own status). */
export interface GrpcStream {
  message(bytes: Buffer): void;
  /** There is room to write again. */
  drain?(): void;
  /** The client has sent its last message. Without it the call is ended with OK. */
  halfClosed?(): void;
  /** The call is over, for whatever reason. Called once. */
  closed?(): void;
}

/** Opens a call. Nothing is read from the client until a promise is resolved. */
export type GrpcMethod = (call: GrpcCall) => GrpcStream | Promise<GrpcStream>;

export interface GrpcServerOptions {
  /** By path: `/package.Service/Method`. */
  methods: Readonly<Record<string, GrpcMethod>>;
  /** Largest message accepted; 4 MiB unless told. */
  maxMessageBytes?: number;
  /** Without it: plain text. PEM. */
  tls?: { cert: string; key: string };
  /** Told of failures that no client can be told of, or that are ours. */
  onError?: (error: unknown) => void;
}

/** One request, one answer. The answer's bytes aren't framed. */
export function unary(answer: (request: Buffer, call: GrpcCall) => Uint8Array | Promise<Uint8Array>): GrpcMethod {
  return (call) => {
    let request: Buffer | undefined;
    return {
      message(bytes) {
        if (request)
          throw new GrpcError(grpcStatus.invalidArgument, "a unary call takes one message; a second one came");
        request = bytes;
      },
      async halfClosed() {
        if (!request) return call.end(grpcStatus.invalidArgument, "a unary call takes one message; none came");
        try {
          call.write(frame(await answer(request, call)));
          call.end(grpcStatus.ok);
        } catch (error) {
          endWith(call, error);
        }
      },
    };
  };
}

/** gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), on a TCP port or a Unix socket. */
export class GrpcServer {
  readonly #server: Http2Server | Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #options: GrpcServerOptions;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const settings = {
      maxSessionMemory: 64,
      settings: { initialWindowSize: 1024 * 1024, maxConcurrentStreams: 1000, enablePush: false },
    };
    this.#server =
      options.tls === undefined
        ? createServer(settings)
        : createSecureServer({ ...settings, ...options.tls, minVersion: "TLSv1.2" });
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.setLocalWindowSize(4 * 1024 * 1024);
      session.on("close", () => this.#sessions.delete(session));
      session.on("error", (error) => options.onError?.(error));
    });
    this.#server.on("sessionError", () => {}); // told by the session's own "error"
    this.#server.on("stream", (stream, headers) => this.#accept(stream, headers));
  }

  /** Rejects when the address can't be had. Gives the port, or 0 for a Unix socket. */
  listen(options: ListenOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(options, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#options.onError?.(error));
        const address = this.#server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  /** Takes no new calls and waits until those in progress end, at most `graceMs`; then cuts them. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const cut = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on("error", () => {}); // a reset by the client; "close" follows
    const type = headers["content-type"] ?? "";
    if (headers[":method"] !== "POST" || !type.startsWith("application/grpc")) {
      stream.respond({ ":status": 415 }, { endStream: true });
      return;
    }
    const call = new ServerCall(stream, headers);
    const method = this.#options.methods[call.path];
    if (!method) return call.end(grpcStatus.unimplemented, `no method ${call.path}`);
    void this.#run(call, stream, method);
  }

  async #run(call: ServerCall, stream: ServerHttp2Stream, method: GrpcMethod): Promise<void> {
    const fail = (error: unknown) => {
      if (!(error instanceof GrpcError)) this.#options.onError?.(error);
      endWith(call, error);
    };
    const guard = (action: () => void) => {
      try {
        action();
      } catch (error) {
        fail(error);
      }
    };
    try {
      call.startDeadline();
      const handlers = await method(call);
      if (call.over) return guard(() => handlers.closed?.());
      const reader = new FrameReader(this.#options.maxMessageBytes ?? 4 * 1024 * 1024);
      stream.on("close", () => guard(() => handlers.closed?.()));
      stream.on("drain", () => guard(() => handlers.drain?.()));
      stream.on("end", () => guard(() => (handlers.halfClosed ? handlers.halfClosed() : call.end(grpcStatus.ok))));
      stream.on("data", (chunk: Buffer) =>
        guard(() => {
          if (!call.ended) for (const message of reader.push(chunk)) handlers.message(message);
        }),
      );
    } catch (error) {
      fail(error);
    }
  }
}

class ServerCall implements GrpcCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly #stream: ServerHttp2Stream;
  readonly #abort = new AbortController();
  #deadline: NodeJS.Timeout | undefined;
  /** Nothing more is sent. */
  ended = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.headers = headers;
    this.path = headers[":path"] ?? "";
    stream.on("close", () => {
      clearTimeout(this.#deadline);
      this.ended = true;
      this.#abort.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get over(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  startDeadline(): void {
    const header = this.headers["grpc-timeout"];
    const ms = parseGrpcTimeout(typeof header === "string" ? header : undefined);
    if (ms === undefined || ms > 2 ** 31 - 1) return;
    this.#deadline = setTimeout(() => {
      this.end(grpcStatus.deadlineExceeded, `not answered within ${ms} ms`);
      this.#abort.abort();
    }, ms);
  }

  write(framed: Uint8Array): boolean {
    if (this.ended || this.over) return false;
    if (!this.#stream.headersSent) this.#respond();
    return this.#stream.write(framed);
  }

  end(status: GrpcStatus, message = ""): void {
    if (this.ended || this.over) return;
    this.ended = true;
    clearTimeout(this.#deadline);
    const trailers = {
      "grpc-status": String(status),
      ...(message !== "" && { "grpc-message": encodeGrpcMessage(message) }),
    };
    if (!this.#stream.headersSent) {
      this.#stream.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, { endStream: true });
      this.#letGo();
      return;
    }
    this.#stream.once("wantTrailers", () => {
      this.#stream.sendTrailers(trailers);
      this.#letGo();
    });
    this.#stream.end();
  }

  /** What the client still sends is of no use. It gets a moment to end its side itself, for a reset overtakes the trailers. */
  #letGo(): void {
    this.#stream.resume();
    setTimeout(() => {
      if (!this.over) this.#stream.close();
    }, 1000).unref();
  }

  #respond(): void {
    this.#stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  }
}

function endWith(call: GrpcCall, error: unknown): void {
  if (error instanceof GrpcError) call.end(error.status, error.message);
  else call.end(grpcStatus.internal, error instanceof Error ? error.message : String(error));
}
