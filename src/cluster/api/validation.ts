import { isDeepStrictEqual } from "node:util";
import type { Container, DeploymentSpec, PodSpec, ServiceSpec } from "../../objects/core.ts";
import type { Kind } from "../../objects/kinds.ts";
import { matchesSelector, type KubeObject, type LabelSelector } from "../../objects/meta.ts";
import type { StatusCause } from "./api-error.ts";
import { isDnsLabel, validateMetadata } from "./names.ts";

const required = (field: string, message = "Required value"): StatusCause => ({
  reason: "FieldValueRequired",
  message,
  field,
});
const invalidValue = (field: string, value: unknown, message: string): StatusCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
  field,
});
const immutable = (field: string, value: unknown): StatusCause => invalidValue(field, value, "field is immutable");
const duplicate = (field: string, value: unknown): StatusCause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field,
});

function duplicates(field: string, values: readonly unknown[]): StatusCause[] {
  const seen = new Set<unknown>();
  return values.flatMap((value) => {
    if (value === undefined || !seen.has(value)) {
      seen.add(value);
      return [];
    }
    return [duplicate(field, value)];
  });
}

const isPort = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65536;
const portMessage = "must be between 1 and 65535, inclusive";

function container(value: Container, field: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!value.name) causes.push(required(`${field}.name`));
  else if (!isDnsLabel(value.name))
    causes.push(
      invalidValue(
        `${field}.name`,
        value.name,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'",
      ),
    );
  if (!value.image) causes.push(required(`${field}.image`));
  value.ports?.forEach((port, index) => {
    if (!isPort(port.containerPort))
      causes.push(invalidValue(`${field}.ports[${index}].containerPort`, port.containerPort, portMessage));
  });
  causes.push(...duplicates(`${field}.ports[].name`, value.ports?.map(({ name }) => name) ?? []));
  value.env?.forEach((entry, index) => {
    if (!entry.name) causes.push(required(`${field}.env[${index}].name`));
    if (entry.value && entry.valueFrom)
      causes.push(
        invalidValue(`${field}.env[${index}].valueFrom`, "", "may not be specified when `value` is not empty"),
      );
  });
  return causes;
}

function podSpec(spec: PodSpec | undefined, field: string): StatusCause[] {
  if (!spec?.containers?.length) return [required(`${field}.containers`)];
  const causes = spec.containers.flatMap((value, index) => container(value, `${field}.containers[${index}]`));
  causes.push(
    ...duplicates(
      `${field}.containers[].name`,
      spec.containers.map(({ name }) => name),
    ),
  );
  const volumes = new Set(spec.volumes?.map(({ name }) => name));
  causes.push(...duplicates(`${field}.volumes[].name`, spec.volumes?.map(({ name }) => name) ?? []));
  spec.containers.forEach((value, index) =>
    value.volumeMounts?.forEach(({ name }, mount) => {
      if (!volumes.has(name))
        causes.push({
          reason: "FieldValueNotFound",
          message: `Not found: ${JSON.stringify(name)}`,
          field: `${field}.containers[${index}].volumeMounts[${mount}].name`,
        });
    }),
  );
  return causes;
}

function workload(spec: Partial<DeploymentSpec> | undefined): StatusCause[] {
  if (spec === undefined) return [required("spec")];
  const causes: StatusCause[] = [];
  if (spec.replicas !== undefined && (!Number.isInteger(spec.replicas) || spec.replicas < 0))
    causes.push(invalidValue("spec.replicas", spec.replicas, "must be greater than or equal to 0"));
  const selector: LabelSelector | undefined = spec.selector;
  if (
    selector === undefined ||
    (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length)
  )
    causes.push(required("spec.selector"));
  else if (!matchesSelector(selector, spec.template?.metadata?.labels))
    causes.push(
      invalidValue(
        "spec.template.metadata.labels",
        spec.template?.metadata?.labels ?? {},
        "`selector` does not match template `labels`",
      ),
    );
  return [...causes, ...podSpec(spec.template?.spec, "spec.template.spec")];
}

function service(spec: ServiceSpec | undefined): StatusCause[] {
  if (spec === undefined) return [required("spec")];
  const causes: StatusCause[] = [];
  if (!spec.ports?.length && spec.type !== "ExternalName" && spec.clusterIP !== "None")
    causes.push(required("spec.ports"));
  spec.ports?.forEach((port, index) => {
    if (!isPort(port.port)) causes.push(invalidValue(`spec.ports[${index}].port`, port.port, portMessage));
    if (typeof port.targetPort === "number" && !isPort(port.targetPort))
      causes.push(invalidValue(`spec.ports[${index}].targetPort`, port.targetPort, portMessage));
    if (!port.name && spec.ports!.length > 1) causes.push(required(`spec.ports[${index}].name`));
  });
  causes.push(...duplicates("spec.ports[].name", spec.ports?.map(({ name }) => name) ?? []));
  causes.push(
    ...duplicates("spec.ports", spec.ports?.map(({ port, protocol }) => `${port}/${protocol ?? "TCP"}`) ?? []),
  );
  return causes;
}

function validateSpec(kind: Kind, object: KubeObject): StatusCause[] {
  const spec = object.spec as never;
  const fields = object as unknown as Record<string, unknown>;
  switch (`${kind.apiVersion}/${kind.kind}`) {
    case "v1/Pod":
      return podSpec(spec, "spec");
    case "apps/v1/Deployment":
    case "apps/v1/ReplicaSet":
      return workload(spec);
    case "v1/Service":
      return service(spec);
    case "autoscaling/v2/HorizontalPodAutoscaler": {
      const { minReplicas, maxReplicas, scaleTargetRef } = (spec ?? {}) as {
        minReplicas?: number;
        maxReplicas?: number;
        scaleTargetRef?: { kind?: string; name?: string };
      };
      const causes: StatusCause[] = [];
      if (!scaleTargetRef?.kind || !scaleTargetRef.name) causes.push(required("spec.scaleTargetRef"));
      if (!(maxReplicas! > 0)) causes.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than 0"));
      else if (minReplicas !== undefined && minReplicas > maxReplicas!)
        causes.push(invalidValue("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`"));
      return causes;
    }
    case "discovery.k8s.io/v1/EndpointSlice":
      return fields["addressType"] === undefined ? [required("addressType")] : [];
    case "v1/ConfigMap":
    case "v1/Secret": {
      const keys = [...Object.keys(fields["data"] ?? {}), ...Object.keys(fields["binaryData"] ?? {})];
      const causes = keys
        .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key))
        .map((key) =>
          invalidValue(
            `data[${key}]`,
            key,
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
          ),
        );
      if (Buffer.byteLength(JSON.stringify(fields["data"] ?? {})) > 1_100_000)
        causes.push({
          reason: "FieldValueTooLong",
          message: "Too long: may not be more than 1048576 bytes",
          field: "data",
        });
      return causes;
    }
    default:
      return [];
  }
}

/** Everything wrong with an object that is to be stored (defaults are filled in already). */
export function validate(kind: Kind, object: KubeObject): StatusCause[] {
  return [...validateMetadata(kind, object), ...validateSpec(kind, object)];
}

/** What an update may not change. */
export function validateChange(kind: Kind, before: KubeObject, after: KubeObject): StatusCause[] {
  const old = before.spec as Record<string, unknown> | undefined;
  const now = after.spec as Record<string, unknown> | undefined;
  const fields = after as unknown as Record<string, unknown>;
  const oldFields = before as unknown as Record<string, unknown>;
  switch (`${kind.apiVersion}/${kind.kind}`) {
    case "apps/v1/Deployment":
    case "apps/v1/ReplicaSet":
      return isDeepStrictEqual(old?.["selector"], now?.["selector"])
        ? []
        : [immutable("spec.selector", now?.["selector"])];
    case "v1/Pod":
      return isDeepStrictEqual(fixedPodSpec(old), fixedPodSpec(now))
        ? []
        : [
            {
              reason: "FieldValueForbidden",
              message:
                "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, `spec.nodeName` while it is unset, `spec.terminationGracePeriodSeconds` and additions to `spec.tolerations`",
              field: "spec",
            },
          ];
    case "v1/Secret":
      return oldFields["type"] === fields["type"]
        ? immutableData(oldFields, fields)
        : [immutable("type", fields["type"])];
    case "v1/ConfigMap":
      return immutableData(oldFields, fields);
    case "discovery.k8s.io/v1/EndpointSlice":
      return oldFields["addressType"] === fields["addressType"]
        ? []
        : [immutable("addressType", fields["addressType"])];
    default:
      return [];
  }
}

function immutableData(before: Record<string, unknown>, after: Record<string, unknown>): StatusCause[] {
  if (before["immutable"] !== true) return [];
  return ["immutable", "data", "binaryData"]
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .map((field) => ({
      reason: "FieldValueForbidden",
      message: "Forbidden: field is immutable when `immutable` is set",
      field,
    }));
}

function fixedPodSpec(spec: Record<string, unknown> | undefined): unknown {
  const {
    nodeName: _node,
    terminationGracePeriodSeconds: _grace,
    tolerations: _tolerations,
    activeDeadlineSeconds: _deadline,
    containers,
    ...rest
  } = spec ?? {};
  return { ...rest, containers: (containers as Container[] | undefined)?.map(({ image: _image, ...fixed }) => fixed) };
}
