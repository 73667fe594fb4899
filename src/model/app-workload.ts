import { Type } from "typebox";
import type { Static } from "typebox";
import { closed, duration, oneOf, optional, quantity } from "./schema.ts";

export const Port = closed({
  name: Type.String({
    pattern: "^[a-z](-?[a-z0-9])*$",
    maxLength: 15,
    "x-expects": "lower-case letters, digits and single '-', beginning with a letter, at most 15 characters",
    description:
      "Name of the port. Its prefix up to the first '-' gives the protocol: http, http2, grpc, tcp, tls; anything else is tcp.",
  }),
  port: Type.Integer({
    minimum: 1,
    maximum: 65535,
    description: "Port that callers use. 15000 to 15099 are reserved for the sidecar.",
  }),
  appProtocol: optional(
    oneOf(["http", "http2", "grpc", "tcp", "tls"], "Protocol, when the name's prefix doesn't tell it."),
  ),
});

const FromSecret = closed({
  secret: Type.String({ minLength: 1, description: "Name of the Secret." }),
  key: Type.String({ minLength: 1, description: "Key in it." }),
});
const FromConfig = closed({
  config: Type.String({ minLength: 1, description: "Name of the ConfigMap." }),
  key: Type.String({ minLength: 1, description: "Key in it." }),
});
const FileSource = Type.Union([
  closed({
    config: Type.String({ minLength: 1, description: "Name of the ConfigMap." }),
    key: optional(Type.String({ description: "Key in it; by default the file's own name." })),
  }),
  closed({
    secret: Type.String({ minLength: 1, description: "Name of the Secret." }),
    key: optional(Type.String({ description: "Key in it; by default the file's own name." })),
  }),
]);

const Probe = Type.Union([
  Type.String({
    pattern: "^/",
    "x-expects": "a path that begins with '/'",
    description: "Path asked by HTTP GET on the first HTTP port.",
  }),
  closed({
    path: optional(Type.String({ pattern: "^/", "x-expects": "a path that begins with '/'" })),
    port: Type.String({ description: "Name of the port. Without a path the probe only connects (TCP)." }),
  }),
]);

const Resources = closed({
  cpu: optional(quantity("cpu", "Cores, such as 250m or 1.5.")),
  memory: optional(quantity("memory", "Bytes, such as 256Mi.")),
});

/** What to run. A change makes a new revision, except for `replicas`. */
export const AppWorkload = closed(
  {
    image: optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description:
          "Image without its tag or digest, which comes with each release. By default the app's own artifact.",
      }),
    ),
    command: optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 200,
        description: "Command and arguments. Embedded: run in a copy of the released folder.",
      }),
    ),
    ports: optional(
      Type.Array(Port, {
        maxItems: 32,
        description:
          "Ports offered to callers. The Service also offers the first HTTP port as 80. Default: http on 8080. An empty list: an app that nobody calls.",
      }),
    ),
    env: optional(
      Type.Record(
        Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]*$" }),
        Type.Union([Type.String({ maxLength: 131072 }), FromSecret, FromConfig]),
        { description: "Environment variables: a text, or a key of a Secret or ConfigMap." },
      ),
    ),
    files: optional(
      Type.Record(Type.String({ pattern: "^/.+" }), FileSource, {
        description: "Files by absolute path, from a ConfigMap or a Secret.",
      }),
    ),
    resources: optional(
      closed(
        { requests: optional(Resources), limits: optional(Resources) },
        { description: "Compute resources of a replica." },
      ),
    ),
    replicas: optional(
      closed(
        {
          min: optional(
            Type.Integer({ minimum: 1, maximum: 10_000, description: "Least replicas in a cluster. Default 2." }),
          ),
          max: optional(
            Type.Integer({ minimum: 1, maximum: 10_000, description: "Most replicas in a cluster. Default 10." }),
          ),
          targetCPU: optional(
            Type.Integer({
              minimum: 1,
              maximum: 100,
              description: "Average CPU use, in percent of the request, that the autoscaler aims at. Default 70.",
            }),
          ),
        },
        { description: "How many replicas in each cluster." },
      ),
    ),
    probes: optional(
      closed(
        {
          readiness: optional(Probe),
          liveness: optional(Probe),
        },
        {
          description:
            "How to tell that a replica is ready and alive. Default: ready when its first port accepts a connection.",
        },
      ),
    ),
    terminationGracePeriod: optional(
      duration("Time from the request to stop until the process is killed. Default 30s.", {
        minimum: "1s",
        maximum: "1h",
      }),
    ),
    drain: optional(
      duration("Time between leaving the endpoints and the request to stop. Default 5s.", { maximum: "10m" }),
    ),
  },
  { description: "What to run." },
);
export type AppWorkload = Static<typeof AppWorkload>;
