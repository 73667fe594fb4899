import { create } from "@bufbuild/protobuf";
import {
  RBAC_Action,
  RBACSchema as RulesSchema,
  type Policy,
  PolicySchema,
  type RBAC as Rules,
} from "#gen/envoy/config/rbac/v3/rbac_pb.ts";
import { FilterSchema, type Filter } from "#gen/envoy/config/listener/v3/listener_components_pb.ts";
import { RBACSchema as HttpRbacSchema } from "#gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import {
  HttpFilterSchema,
  type HttpFilter,
} from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { RBACSchema as NetworkRbacSchema } from "#gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts";
import type { AuthorizationPolicy } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import { authorizationRule } from "./authorization-rule.ts";
import { any } from "./encode.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";

const httpRbac = "envoy.filters.http.rbac";
const networkRbac = "envoy.filters.network.rbac";

/** AuthorizationPolicies as RBAC filters: what is denied first, then what is allowed; with any ALLOW policy, all else is refused. */
export function authorization(mesh: Mesh) {
  const { indexes, settings } = mesh;

  function policiesFor(namespace: string, labels: Readonly<Record<string, string>>): Stored<AuthorizationPolicy>[] {
    const selects = (stored: Stored<AuthorizationPolicy>) =>
      matchesLabels(stored.object.spec?.selector?.matchLabels, labels);
    return [...new Set([settings.rootNamespace, namespace])].flatMap((entry) =>
      indexes.authorizationPolicyByNamespace(entry, selects),
    );
  }

  function rules(
    policies: Stored<AuthorizationPolicy>[],
    action: "ALLOW" | "DENY",
    layer: "http" | "tcp",
  ): Rules | undefined {
    const concerned = policies.filter((stored) => (stored.object.spec?.action ?? "ALLOW") === action);
    if (concerned.length === 0) return undefined;
    const named: Record<string, Policy> = {};
    for (const stored of concerned) {
      for (const [index, rule] of (stored.object.spec?.rules ?? []).entries()) {
        const policy = authorizationRule(rule, { trustDomain: settings.trustDomain, layer, action });
        if (policy !== undefined)
          named[`ns[${stored.namespace}]-policy[${stored.name}]-rule[${index}]`] = create(PolicySchema, policy);
      }
    }
    return create(RulesSchema, { action: action === "ALLOW" ? RBAC_Action.ALLOW : RBAC_Action.DENY, policies: named });
  }

  return {
    httpFilters(namespace: string, labels: Readonly<Record<string, string>>): HttpFilter[] {
      const policies = policiesFor(namespace, labels);
      return (["DENY", "ALLOW"] as const).flatMap((action) => {
        const found = rules(policies, action, "http");
        return found === undefined
          ? []
          : [
              create(HttpFilterSchema, {
                name: httpRbac,
                configType: { case: "typedConfig", value: any(HttpRbacSchema, { rules: found }) },
              }),
            ];
      });
    },
    networkFilters(namespace: string, labels: Readonly<Record<string, string>>, statPrefix: string): Filter[] {
      const policies = policiesFor(namespace, labels);
      return (["DENY", "ALLOW"] as const).flatMap((action) => {
        const found = rules(policies, action, "tcp");
        return found === undefined
          ? []
          : [
              create(FilterSchema, {
                name: networkRbac,
                configType: { case: "typedConfig", value: any(NetworkRbacSchema, { rules: found, statPrefix }) },
              }),
            ];
      });
    },
  };
}
export type Authorization = ReturnType<typeof authorization>;
