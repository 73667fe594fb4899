import { Type } from "typebox";
import type { Static } from "typebox";
import { Retries } from "./app-traffic.ts";
import { closed, duration, HostName, HttpMethod, name, oneOf, optional, PathPattern } from "./schema.ts";

const Methods = Type.Array(HttpMethod, { minItems: 1, description: "Only these methods. Default: all." });
const Paths = Type.Array(PathPattern, { minItems: 1, description: "Only these paths. Default: all." });

export const AppCall = closed(
  {
    app: name("The app that is called."),
    methods: optional(Methods),
    paths: optional(Paths),
    timeout: optional(duration("Instead of the callee's timeout. 0s: none.", { maximum: "24h" })),
    retries: optional(closed(Retries.properties, { description: "Instead of the callee's retries, field by field." })),
  },
  { description: "A call to another app." },
);
export type AppCall = Static<typeof AppCall>;

export const OutsideCall = closed(
  {
    host: HostName,
    port: optional(Type.Integer({ minimum: 1, maximum: 65535, description: "Port of the host. Default 443." })),
    protocol: optional(oneOf(["http", "http2", "grpc", "tcp", "tls"], "Default: http for port 80, tls for any other.")),
  },
  { description: "A call to a host outside of the mesh." },
);
export type OutsideCall = Static<typeof OutsideCall>;

/** Whom the app calls. Least privilege, sidecar scope and reach across clusters all come from this list. */
export const AppCalls = Type.Array(Type.Union([AppCall, OutsideCall]), {
  maxItems: 500,
  description: "Whom the app calls. A call that isn't listed is refused.",
});
export type AppCalls = Static<typeof AppCalls>;

export const AppAccess = closed(
  {
    callers: optional(
      Type.Array(
        closed({ app: name("An app of another segment."), methods: optional(Methods), paths: optional(Paths) }),
        { maxItems: 500, description: "Consent to callers of other segments." },
      ),
    ),
  },
  { description: "Who may call from other segments. Within the segment, a declared call needs no consent." },
);
export type AppAccess = Static<typeof AppAccess>;

export const AppExpose = Type.Array(
  closed({
    host: HostName,
    path: optional(
      Type.String({
        pattern: "^/[^*?#]*$",
        "x-expects": "a path prefix that begins with '/', without '*'",
        description: "Prefix of the paths that are served, by whole segments. Default /.",
      }),
    ),
    port: optional(Type.String({ description: "Name of the app's port. Default: the first HTTP port." })),
    tls: optional(
      closed({
        secret: Type.String({ minLength: 1, description: "Secret of type kubernetes.io/tls beside the gateway." }),
      }),
    ),
    jwt: optional(name("TokenIssuer whose token is required.")),
  }),
  { maxItems: 100, description: "Hosts and paths served by the ingress gateway." },
);
export type AppExpose = Static<typeof AppExpose>;
