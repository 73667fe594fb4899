import { Type } from "typebox";
import type { TSchema } from "typebox";

/** Shapes of src/signals, for the OpenAPI document. */

const nullable = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const perSecond = (what: string) => Type.Number({ description: `${what} per second.` });

const golden = {
  rate: perSecond("Requests"),
  errors: nullable("Share of answers with 5xx, in percent; null: no requests."),
  p50: nullable("Median duration of the answers, in ms; null: none."),
  p90: nullable("90th percentile, in ms."),
  p99: nullable("99th percentile, in ms."),
  codes: Type.Record(Type.String(), Type.Number(), {
    description: "Answers per second by status (200), or by class where no more is known (2xx).",
  }),
  timeouts: perSecond("Requests that the caller's proxy gave up (504)"),
  overflows: perSecond("Requests refused because a pool was full (503)"),
  retries: perSecond("Further tries"),
  active: Type.Number({ description: "Requests under way at the last look." }),
  connections: Type.Number({ description: "Connections open at the last look." }),
  newConnections: perSecond("New connections"),
  received: perSecond("Bytes received"),
  sent: perSecond("Bytes sent"),
};
const with_ = (more: Record<string, TSchema>) => Type.Object({ ...more, ...golden });

export const Golden = Type.Object(golden);
const Edge = with_({
  app: Type.String({ description: "An app, a gateway or a host outside of the fleet." }),
  gateway: Type.Boolean(),
  outside: Type.Boolean(),
});
const points = Type.Array(Type.Union([Type.Number(), Type.Null()]), {
  description: "Null: nobody looked then, or there was nothing to tell.",
});
const Series = Type.Object({
  from: Type.Number({ description: "Unix ms of the first point's beginning." }),
  stepMs: Type.Number(),
  rate: points,
  errors: points,
  p50: points,
  p99: points,
});
const common = {
  at: Type.Number({ description: "Unix ms." }),
  windowMs: Type.Number({ description: "The time before that the figures are of." }),
  proxies: Type.Object(
    { heard: Type.Integer(), total: Type.Integer() },
    { description: "How many of the proxies concerned were heard within the window." },
  ),
};

export const AppSignals = Type.Object({
  app: Type.String(),
  ...common,
  seenBy: Type.Unsafe<"callers" | "itself">({
    enum: ["callers", "itself"],
    description: "Whose view total and series are. Callers also see what never arrived.",
  }),
  total: Golden,
  own: Golden,
  callers: Type.Array(Edge),
  callees: Type.Array(Edge),
  revisions: Type.Array(with_({ revision: Type.String() })),
  clusters: Type.Array(with_({ cluster: Type.String() })),
  series: Series,
});
export const ClusterSignals = Type.Object({
  cluster: Type.String(),
  ...common,
  total: Golden,
  apps: Type.Array(with_({ app: Type.String() })),
  series: Series,
});
export const Figures = Type.Object({
  apps: Type.Record(Type.String(), Type.Object({ rate: golden.rate, errors: golden.errors, p99: golden.p99 }), {
    description: "By app; an app that was never heard of is absent.",
  }),
});
