import type { TokenIdentity } from "../identity/token-review.ts";
import type { GrpcCall } from "./grpc-server.ts";
import { GrpcError, grpcStatus } from "./grpc-status.ts";
import type { ProxyStream } from "./proxy-stream.ts";

/** A call whose token is proved; it has a stream once the proxy has said who it is. */
export interface PodSession {
  readonly call: GrpcCall;
  readonly namespace: string;
  readonly podName: string;
  readonly podUid: string;
  stream: ProxyStream | undefined;
}

/** How a proxy was last connected. */
export interface LastSeen {
  /** The id of its node. */
  readonly id: string;
  /** When its stream ended; Unix ms. */
  readonly at: number;
  /** Until when the certificates that it was given are good, as far as this process knows; Unix ms. */
  readonly certificateUntil: number | undefined;
}

/** Deleted pods that are remembered: an answer about a token may come after the news of its pod's end. */
const mostGone = 10_000;

/** Which calls are open for which pod. */
export class PodSessions {
  readonly #byPod = new Map<string, Set<PodSession>>();
  readonly #last = new Map<string, LastSeen>();
  readonly #gone = new Set<string>();

  /** Throws a GrpcError (UNAUTHENTICATED) when the pod is known to be deleted. */
  open(call: GrpcCall, { namespace, podName, podUid }: TokenIdentity): PodSession {
    if (this.#gone.has(podUid))
      throw new GrpcError(grpcStatus.unauthenticated, `pod ${podName}.${namespace} was deleted`);
    const session: PodSession = { call, namespace, podName, podUid, stream: undefined };
    const key = `${namespace}/${podName}`;
    const known = this.#byPod.get(key);
    if (known) known.add(session);
    else this.#byPod.set(key, new Set([session]));
    return session;
  }

  close(session: PodSession, now: number): void {
    this.#remember(session, now);
    const key = `${session.namespace}/${session.podName}`;
    const known = this.#byPod.get(key);
    known?.delete(session);
    if (known?.size === 0) this.#byPod.delete(key);
  }

  sessions(namespace: string, podName: string): PodSession[] {
    return [...(this.#byPod.get(`${namespace}/${podName}`) ?? [])];
  }

  connected({ namespace, podName, podUid }: Pick<TokenIdentity, "namespace" | "podName" | "podUid">): boolean {
    return this.sessions(namespace, podName).some(
      (session) => session.podUid === podUid && session.stream !== undefined,
    );
  }

  lastSeen(podUid: string): LastSeen | undefined {
    return this.#last.get(podUid);
  }

  #remember({ podUid, stream }: PodSession, at: number): void {
    if (stream === undefined || this.#gone.has(podUid)) return;
    const before = this.#last.get(podUid)?.certificateUntil;
    const until = stream.certificateUntil;
    const certificateUntil = before === undefined || (until !== undefined && until > before) ? until : before;
    this.#last.set(podUid, { id: stream.proxy.id, at, certificateUntil });
  }

  gone(podUid: string): void {
    this.#last.delete(podUid);
    this.#gone.add(podUid);
    for (const uid of this.#gone) {
      if (this.#gone.size <= mostGone) break;
      this.#gone.delete(uid);
    }
  }
}
