import type { AppTraffic } from "./app-traffic.ts";
import type { App, AppSpec } from "./app.ts";
import { checkOverlay } from "./check-overlay.ts";
import { duplicates } from "./check-schema.ts";
import { checkRollout } from "./check-rollout.ts";
import { checkReplicas, checkTraffic } from "./check-values.ts";
import { defaultPorts } from "./defaults.ts";
import { Problem } from "./problem.ts";
import { isHttp, protocolOf } from "./protocol.ts";
import { parseQuantity } from "./quantity.ts";
import { suggest } from "./suggest.ts";

const reserved = { from: 15000, to: 15099 };

/** What the schema of App can't say: relations between its fields. */
export function checkApp(app: App): Problem[] {
  const { spec } = app;
  const portList = spec.workload?.ports ?? defaultPorts;
  return [
    ...reservedNames(app),
    ...ports(spec),
    ...probesAndExpose(spec),
    ...workload(spec),
    ...calls(app),
    ...checkTraffic(spec.traffic, "spec.traffic", portList),
    ...access(spec),
    ...checkRollout(spec.rollout, "spec.rollout"),
    ...checkOverlay(app),
    ...(spec.overrides ?? []).flatMap((override, index) => [
      ...checkReplicas(override.spec.workload, `spec.overrides[${index}].spec.workload`),
      ...checkTraffic(
        override.spec.traffic as AppTraffic | undefined,
        `spec.overrides[${index}].spec.traffic`,
        portList,
      ),
    ]),
  ];
}

/** Names of other objects in the namespace, and labels by which Istio would leave the sidecar out. */
function reservedNames({ metadata: { name, labels = {} } }: App): Problem[] {
  return [
    ...(name === "allow-nothing" || name === "default"
      ? [
          new Problem("reserved-name", `metadata.name is ${name}.`, {
            field: "metadata.name",
            found: name,
            accepted: "another name",
          }),
        ]
      : []),
    ...Object.keys(labels)
      .filter((label) => label === "app" || /(^|\.)(istio\.io|quipu\.dev)\//.test(label))
      .map(
        (label) =>
          new Problem("reserved-name", `metadata.labels[${JSON.stringify(label)}] belongs to the mesh.`, {
            field: `metadata.labels[${JSON.stringify(label)}]`,
            found: labels[label],
            accepted: "labels outside of istio.io and quipu.dev, and other than app",
          }),
      ),
  ];
}

function ports({ workload }: AppSpec): Problem[] {
  const list = workload?.ports ?? [];
  const at = (index: number, field: string) => `spec.workload.ports[${index}].${field}`;
  const firstHttp = list.find((port) => isHttp(protocolOf(port)));
  return [
    ...duplicates(
      list.map(({ name }) => name),
      (index) => at(index, "name"),
    ),
    ...duplicates(
      list.map(({ port }) => port),
      (index) => at(index, "port"),
    ),
    ...list.flatMap(({ port, name }, index) => {
      if (port >= reserved.from && port <= reserved.to)
        return [
          new Problem("reserved-port", `${at(index, "port")} is ${port}.`, {
            field: at(index, "port"),
            found: port,
            accepted: `any port outside of ${reserved.from} to ${reserved.to}`,
          }),
        ];
      if (firstHttp !== undefined && firstHttp.port !== 80 && name === `${firstHttp.name}-80`)
        return [
          new Problem("reserved-name", `${at(index, "name")} is ${name}, as the Service calls port 80.`, {
            field: at(index, "name"),
            found: name,
            accepted: "another name",
          }),
        ];
      if (port === 80 && firstHttp !== undefined && firstHttp.name !== name)
        return [
          new Problem(
            "conflicting-fields",
            `${at(index, "port")} is 80, which the Service gives to the first HTTP port (${firstHttp.name}).`,
            { field: at(index, "port"), found: 80, accepted: "another port, or make it the first HTTP port" },
          ),
        ];
      return [];
    }),
  ];
}

/** Names of ports that other fields refer to. Ports left out are http on 8080. */
function probesAndExpose({ workload, expose }: AppSpec): Problem[] {
  const list: NonNullable<NonNullable<AppSpec["workload"]>["ports"]> = workload?.ports ?? defaultPorts;
  const names = list.map(({ name }) => name);
  const http = list.filter((port) => isHttp(protocolOf(port)));
  const problems: Problem[] = [];
  for (const probe of ["readiness", "liveness"] as const) {
    const value = workload?.probes?.[probe];
    const field = `spec.workload.probes.${probe}`;
    if (value === undefined) continue;
    if (typeof value === "object") problems.push(...unknownPort(value.port, names, `${field}.port`));
    else if (http.length === 0)
      problems.push(
        new Problem("conflicting-fields", `${field} asks for a path, but the app has no HTTP port.`, {
          field,
          found: value,
          accepted: "{ port: NAME }, which only connects",
        }),
      );
  }
  const seen = (expose ?? []).map(({ host, path }) => `${host}${path ?? "/"}`);
  problems.push(...duplicates(seen, (index) => `spec.expose[${index}]`));
  for (const [index, { port }] of (expose ?? []).entries()) {
    const field = `spec.expose[${index}].port`;
    if (port !== undefined) {
      problems.push(...unknownPort(port, names, field));
      if (names.includes(port) && !http.some(({ name }) => name === port))
        problems.push(
          new Problem("conflicting-fields", `${field} is ${port}, which isn't an HTTP port.`, {
            field,
            found: port,
            accepted: http.map(({ name }) => name).join(", ") || "an HTTP port",
          }),
        );
    } else if (http.length === 0)
      problems.push(
        new Problem("conflicting-fields", `spec.expose[${index}]: the app has no HTTP port to serve.`, {
          field: `spec.expose[${index}]`,
          accepted: "an HTTP port in spec.workload.ports",
        }),
      );
  }
  return problems;
}

function unknownPort(found: string, names: readonly string[], field: string): Problem[] {
  if (names.includes(found)) return [];
  const near = suggest(found, names);
  return [
    new Problem(
      "unknown-reference",
      `${field} is ${found}, but the app has no such port.${near === undefined ? "" : ` Did you mean ${near}?`}`,
      { field, found, accepted: names.join(", ") },
    ),
  ];
}

function workload({ workload }: AppSpec): Problem[] {
  const problems = checkReplicas(workload, "spec.workload");
  for (const unit of ["cpu", "memory"] as const) {
    const request = workload?.resources?.requests?.[unit];
    const limit = workload?.resources?.limits?.[unit];
    if (request === undefined || limit === undefined || parseQuantity(unit, request)! <= parseQuantity(unit, limit)!)
      continue;
    const field = `spec.workload.resources.requests.${unit}`;
    problems.push(
      new Problem("conflicting-fields", `${field} is ${request}, above its limit ${limit}.`, {
        field,
        found: request,
        accepted: `at most ${limit}`,
      }),
    );
  }
  return problems;
}

function calls({ metadata, spec }: App): Problem[] {
  const list = spec.calls ?? [];
  const problems: Problem[] = [];
  const overriding = new Map<string, number>();
  for (const [index, call] of list.entries()) {
    const field = `spec.calls[${index}]`;
    if ("host" in call) continue;
    if (call.app === metadata.name)
      problems.push(
        new Problem("conflicting-fields", `${field}.app is the app itself.`, {
          field: `${field}.app`,
          found: call.app,
          accepted: "another app",
        }),
      );
    if (call.timeout === undefined && call.retries === undefined) continue;
    const earlier = overriding.get(call.app);
    if (earlier !== undefined)
      problems.push(
        new Problem(
          "conflicting-fields",
          `${field} overrides timeout or retries of ${call.app}, as spec.calls[${earlier}] already does.`,
          { field, found: call.app, accepted: "one entry per callee with timeout or retries" },
        ),
      );
    overriding.set(call.app, index);
  }
  const keys = list.map((call) =>
    "host" in call ? `${call.host}:${call.port ?? 443}` : JSON.stringify([call.app, call.methods, call.paths]),
  );
  return [...problems, ...duplicates(keys, (index) => `spec.calls[${index}]`)];
}

function access({ access }: AppSpec): Problem[] {
  return duplicates(
    (access?.callers ?? []).map((caller) => JSON.stringify(caller)),
    (index) => `spec.access.callers[${index}]`,
  );
}
