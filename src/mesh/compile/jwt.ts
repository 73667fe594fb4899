import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { ClusterSchema } from "#gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  JwtAuthenticationSchema,
  type JwtProviderSchema,
  type JwtRequirementSchema,
} from "#gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import type { HttpFilter } from "#gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { JWTRule, RequestAuthentication } from "../../objects/istio.ts";
import { matchesLabels } from "../../objects/meta.ts";
import type { Resource } from "../resource.ts";
import { socketAddress } from "./address.ts";
import { jwtFilter, jwtPayload } from "./authorization-match.ts";
import { dnsDiscovery } from "./cluster.ts";
import { transportSockets } from "./cluster-tls.ts";
import { duration } from "./duration.ts";
import { any as packed, type Init } from "./encode.ts";
import { httpFilter } from "./http-connection-manager.ts";
import type { Stored } from "./index/objects.ts";
import type { Mesh } from "./mesh.ts";
import { outboundCluster } from "./names.ts";
import type { MeshService, Services } from "./service.ts";

type Requirement = Init<typeof JwtRequirementSchema>;

/**
 * RequestAuthentications as a JWT filter: a token that is there must be valid, one that is missing is let through
 * (an AuthorizationPolicy asks for one by `requestPrincipals`).
 */
export function jwtAuthentication(mesh: Mesh, services: Services) {
  const { graph, encoder, indexes, settings } = mesh;

  function rulesFor(namespace: string, labels: Readonly<Record<string, string>>): JWTRule[] {
    const selects = (stored: Stored<RequestAuthentication>) =>
      matchesLabels(stored.object.spec?.selector?.matchLabels, labels);
    return [...new Set([settings.rootNamespace, namespace])]
      .flatMap((entry) => indexes.requestAuthenticationByNamespace(entry, selects))
      .flatMap((stored) => stored.object.spec?.jwtRules ?? [])
      .sort((a, b) => (a.issuer < b.issuer ? -1 : a.issuer > b.issuer ? 1 : 0));
  }

  function source(uri: string, viewer: string): KeySource | undefined {
    if (!URL.canParse(uri)) return undefined;
    const url = new URL(uri);
    const tls = url.protocol === "https:";
    const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
    const found = services.visible(url.hostname, viewer);
    const service = found === undefined || found.external ? undefined : found;
    return {
      uri,
      host: url.hostname,
      port,
      tls,
      service,
      cluster: service === undefined ? `jwks|${port}||${url.hostname}` : outboundCluster(port, "", service.host),
    };
  }
  const sources = (namespace: string, labels: Readonly<Record<string, string>>) =>
    rulesFor(namespace, labels)
      .filter((rule) => rule.jwks === undefined && rule.jwksUri !== undefined)
      .map((rule) => source(rule.jwksUri!, namespace))
      .filter((found) => found !== undefined);

  const cluster = graph.family<string, Resource>("jwks cluster", (key) => {
    const [host, port, tls] = key.split("|") as [string, string, string];
    const name = `jwks|${port}||${host}`;
    const sockets =
      tls === ""
        ? {}
        : transportSockets({
            mode: "SIMPLE",
            settings: undefined,
            systemRoots: settings.systemRoots,
            identitySource: settings.identitySource,
            http: true,
            http2: false,
            sni: host,
            identities: [],
            identityPrefix: "",
          });
    return encoder.resource(
      "cluster",
      ClusterSchema,
      name,
      create(ClusterSchema, {
        name,
        connectTimeout: duration("10s"),
        ...dnsDiscovery(true),
        ...sockets,
        loadAssignment: {
          clusterName: name,
          endpoints: [
            {
              lbEndpoints: [
                { hostIdentifier: { case: "endpoint", value: { address: socketAddress(host, Number(port)) } } },
              ],
            },
          ],
        },
      }),
    );
  });

  return {
    filters(namespace: string, labels: Readonly<Record<string, string>>): HttpFilter[] {
      const rules = rulesFor(namespace, labels);
      if (rules.length === 0) return [];
      const providers = Object.fromEntries(
        rules.map((rule, index) => [
          `origins-${index}`,
          provider(rule, rule.jwksUri === undefined ? undefined : source(rule.jwksUri, namespace)),
        ]),
      );
      // A token of any issuer will do, and so will none at all: then each issuer's must be missing where it is looked for.
      const either: Requirement[] = Object.keys(providers).map((name) => ({
        requiresType: { case: "providerName", value: name },
      }));
      const allowMissing: Requirement = { requiresType: { case: "allowMissing", value: create(EmptySchema) } };
      const any: (requirements: Requirement[]) => Requirement = (requirements) => ({
        requiresType: { case: "requiresAny", value: { requirements } },
      });
      const missing: Requirement =
        either.length === 1
          ? allowMissing
          : {
              requiresType: {
                case: "requiresAll",
                value: { requirements: either.map((one) => any([one, allowMissing])) },
              },
            };
      const requires = any([...either, missing]);
      return [
        httpFilter(
          jwtFilter,
          packed(JwtAuthenticationSchema, {
            providers,
            rules: [
              {
                match: { pathSpecifier: { case: "prefix", value: "/" } },
                requirementType: { case: "requires", value: requires },
              },
            ],
            bypassCorsPreflight: true,
          }),
        ),
      ];
    },
    /** Services of the mesh that publish keys: their clusters must be there too. */
    services: (namespace: string, labels: Readonly<Record<string, string>>): MeshService[] =>
      sources(namespace, labels).flatMap(({ service }) => service ?? []),
    /** Clusters through which keys are fetched from outside. */
    clusters: (namespace: string, labels: Readonly<Record<string, string>>): Resource[] =>
      sources(namespace, labels)
        .filter(({ service }) => service === undefined)
        .map(({ host, port, tls }) => cluster(`${host}|${port}|${tls ? "tls" : ""}`)),
  };
}
export type JwtAuthentication = ReturnType<typeof jwtAuthentication>;

/** Where keys are fetched from. */
interface KeySource {
  uri: string;
  host: string;
  port: number;
  tls: boolean;
  cluster: string;
  service: MeshService | undefined;
}

function provider(rule: JWTRule, keys: KeySource | undefined): Init<typeof JwtProviderSchema> {
  const tokenPlaces = rule.fromHeaders !== undefined || rule.fromParams !== undefined;
  return {
    issuer: rule.issuer,
    audiences: rule.audiences ?? [],
    forward: rule.forwardOriginalToken ?? false,
    forwardPayloadHeader: rule.outputPayloadToHeader ?? "",
    payloadInMetadata: jwtPayload,
    // RFC 6749, 3.3: a list in one text; policies ask for one of them.
    normalizePayloadInMetadata: { spaceDelimitedClaims: ["permission", "scope"] },
    ...(tokenPlaces
      ? {
          fromHeaders: (rule.fromHeaders ?? []).map(({ name, prefix }) => ({ name, valuePrefix: prefix ?? "" })),
          fromParams: rule.fromParams ?? [],
        }
      : {}),
    jwksSourceSpecifier:
      rule.jwks !== undefined || keys === undefined
        ? // Without keys nothing can be verified: every token is refused.
          { case: "localJwks", value: { specifier: { case: "inlineString", value: rule.jwks ?? '{"keys":[]}' } } }
        : {
            case: "remoteJwks",
            value: {
              httpUri: {
                uri: keys.uri,
                httpUpstreamType: { case: "cluster", value: keys.cluster },
                timeout: duration("5s"),
              },
              cacheDuration: duration("5m"),
            },
          },
  };
}
