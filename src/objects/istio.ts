import type { KubeObject } from "./meta.ts";

/** Istio networking, security and telemetry kinds: the fields in use, named as in Istio's API reference. Durations are strings such as "1.5s". */

export interface StringMatch {
  exact?: string;
  prefix?: string;
  regex?: string;
}
export type Duration = string;

export interface HTTPMatchRequest {
  name?: string;
  uri?: StringMatch;
  scheme?: StringMatch;
  method?: StringMatch;
  authority?: StringMatch;
  headers?: Record<string, StringMatch>;
  withoutHeaders?: Record<string, StringMatch>;
  queryParams?: Record<string, StringMatch>;
  port?: number;
  sourceLabels?: Record<string, string>;
  sourceNamespace?: string;
  gateways?: string[];
  ignoreUriCase?: boolean;
}
export interface Destination {
  host: string;
  subset?: string;
  port?: { number: number };
}
export interface HeaderOperations {
  set?: Record<string, string>;
  add?: Record<string, string>;
  remove?: string[];
}
export interface Headers {
  request?: HeaderOperations;
  response?: HeaderOperations;
}
export interface HTTPRetry {
  attempts: number;
  perTryTimeout?: Duration;
  retryOn?: string;
  retryRemoteLocalities?: boolean;
  backoff?: Duration;
}
export interface HTTPFaultInjection {
  delay?: { fixedDelay: Duration; percentage?: { value: number } };
  abort?: { httpStatus?: number; grpcStatus?: string; percentage?: { value: number } };
}
export interface HTTPRoute {
  name?: string;
  match?: HTTPMatchRequest[];
  route?: { destination: Destination; weight?: number; headers?: Headers }[];
  redirect?: { uri?: string; authority?: string; port?: number; scheme?: string; redirectCode?: number };
  directResponse?: { status: number; body?: { string?: string } };
  rewrite?: { uri?: string; authority?: string };
  timeout?: Duration;
  retries?: HTTPRetry;
  fault?: HTTPFaultInjection;
  mirror?: Destination;
  mirrorPercentage?: { value: number };
  corsPolicy?: Record<string, unknown>;
  headers?: Headers;
}
export interface L4MatchAttributes {
  destinationSubnets?: string[];
  port?: number;
  sourceLabels?: Record<string, string>;
  sourceNamespace?: string;
  gateways?: string[];
}
export interface TCPRoute {
  match?: L4MatchAttributes[];
  route?: { destination: Destination; weight?: number }[];
}
export interface TLSRoute {
  match: (L4MatchAttributes & { sniHosts: string[] })[];
  route?: { destination: Destination; weight?: number }[];
}
export interface VirtualServiceSpec {
  hosts?: string[];
  gateways?: string[];
  http?: HTTPRoute[];
  tls?: TLSRoute[];
  tcp?: TCPRoute[];
  exportTo?: string[];
}
export type VirtualService = KubeObject<VirtualServiceSpec>;

export interface ConnectionPoolSettings {
  tcp?: {
    maxConnections?: number;
    connectTimeout?: Duration;
    maxConnectionDuration?: Duration;
    idleTimeout?: Duration;
    tcpKeepalive?: { probes?: number; time?: Duration; interval?: Duration };
  };
  http?: {
    http1MaxPendingRequests?: number;
    http2MaxRequests?: number;
    maxRequestsPerConnection?: number;
    maxRetries?: number;
    idleTimeout?: Duration;
    h2UpgradePolicy?: "DEFAULT" | "DO_NOT_UPGRADE" | "UPGRADE";
    useClientProtocol?: boolean;
    maxConcurrentStreams?: number;
  };
}
export interface OutlierDetection {
  consecutive5xxErrors?: number;
  consecutiveGatewayErrors?: number;
  splitExternalLocalOriginErrors?: boolean;
  consecutiveLocalOriginFailures?: number;
  interval?: Duration;
  baseEjectionTime?: Duration;
  maxEjectionPercent?: number;
  minHealthPercent?: number;
}
export interface ConsistentHash {
  httpHeaderName?: string;
  httpCookie?: { name: string; path?: string; ttl?: Duration };
  useSourceIp?: boolean;
  httpQueryParameterName?: string;
  ringHash?: { minimumRingSize?: number };
  maglev?: { tableSize?: number };
}
export interface LoadBalancerSettings {
  simple?: "UNSPECIFIED" | "LEAST_REQUEST" | "LEAST_CONN" | "RANDOM" | "ROUND_ROBIN" | "PASSTHROUGH";
  consistentHash?: ConsistentHash;
  localityLbSetting?: {
    enabled?: boolean;
    distribute?: { from: string; to: Record<string, number> }[];
    failover?: { from: string; to: string }[];
    failoverPriority?: string[];
  };
  warmup?: { duration: Duration; minimumPercent?: number; aggression?: number };
  warmupDurationSecs?: Duration;
}
export interface ClientTLSSettings {
  mode: "DISABLE" | "SIMPLE" | "MUTUAL" | "ISTIO_MUTUAL";
  credentialName?: string;
  caCertificates?: string;
  subjectAltNames?: string[];
  sni?: string;
  insecureSkipVerify?: boolean;
}
export interface TrafficPolicy {
  loadBalancer?: LoadBalancerSettings;
  connectionPool?: ConnectionPoolSettings;
  outlierDetection?: OutlierDetection;
  tls?: ClientTLSSettings;
  portLevelSettings?: (Omit<TrafficPolicy, "portLevelSettings" | "retryBudget"> & { port: { number: number } })[];
  /** Istio 1.25 and later. */
  retryBudget?: { percent?: number; minRetryConcurrency?: number };
}
export interface Subset {
  name: string;
  labels?: Record<string, string>;
  trafficPolicy?: TrafficPolicy;
}
export interface DestinationRuleSpec {
  host: string;
  trafficPolicy?: TrafficPolicy;
  subsets?: Subset[];
  exportTo?: string[];
  workloadSelector?: { matchLabels?: Record<string, string> };
}
export type DestinationRule = KubeObject<DestinationRuleSpec>;

export interface IstioPort {
  number: number;
  protocol: string;
  name: string;
  targetPort?: number;
}
export interface ServerTLSSettings {
  mode?: "PASSTHROUGH" | "SIMPLE" | "MUTUAL" | "AUTO_PASSTHROUGH" | "ISTIO_MUTUAL" | "OPTIONAL_MUTUAL";
  credentialName?: string;
  httpsRedirect?: boolean;
  minProtocolVersion?: "TLS_AUTO" | "TLSV1_2" | "TLSV1_3";
  subjectAltNames?: string[];
}
export interface GatewaySpec {
  selector?: Record<string, string>;
  servers?: { port: IstioPort; hosts: string[]; tls?: ServerTLSSettings; name?: string; bind?: string }[];
}
export type Gateway = KubeObject<GatewaySpec>;

export interface WorkloadEntrySpec {
  address?: string;
  ports?: Record<string, number>;
  labels?: Record<string, string>;
  network?: string;
  locality?: string;
  weight?: number;
  serviceAccount?: string;
}
export type WorkloadEntry = KubeObject<WorkloadEntrySpec>;
export interface ServiceEntrySpec {
  hosts: string[];
  addresses?: string[];
  ports?: IstioPort[];
  location?: "MESH_EXTERNAL" | "MESH_INTERNAL";
  resolution?: "NONE" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN";
  endpoints?: WorkloadEntrySpec[];
  workloadSelector?: { labels?: Record<string, string> };
  exportTo?: string[];
  subjectAltNames?: string[];
}
export type ServiceEntry = KubeObject<ServiceEntrySpec>;

export interface SidecarSpec {
  workloadSelector?: { labels?: Record<string, string> };
  ingress?: {
    port: IstioPort;
    bind?: string;
    defaultEndpoint?: string;
    connectionPool?: ConnectionPoolSettings;
    tls?: ServerTLSSettings;
  }[];
  egress?: { port?: IstioPort; bind?: string; captureMode?: "DEFAULT" | "IPTABLES" | "NONE"; hosts: string[] }[];
  inboundConnectionPool?: ConnectionPoolSettings;
  outboundTrafficPolicy?: { mode: "REGISTRY_ONLY" | "ALLOW_ANY" };
}
export type Sidecar = KubeObject<SidecarSpec>;

export interface EnvoyFilterSpec {
  workloadSelector?: { labels?: Record<string, string> };
  priority?: number;
  configPatches?: {
    applyTo:
      | "LISTENER"
      | "FILTER_CHAIN"
      | "NETWORK_FILTER"
      | "HTTP_FILTER"
      | "ROUTE_CONFIGURATION"
      | "VIRTUAL_HOST"
      | "HTTP_ROUTE"
      | "CLUSTER"
      | "EXTENSION_CONFIG"
      | "BOOTSTRAP"
      | "LISTENER_FILTER";
    match?: {
      context?: "ANY" | "SIDECAR_INBOUND" | "SIDECAR_OUTBOUND" | "GATEWAY";
      proxy?: { proxyVersion?: string; metadata?: Record<string, string> };
      listener?: {
        portNumber?: number;
        name?: string;
        filterChain?: {
          name?: string;
          sni?: string;
          transportProtocol?: string;
          applicationProtocols?: string;
          destinationPort?: number;
          filter?: { name?: string; subFilter?: { name?: string } };
        };
        listenerFilter?: string;
      };
      routeConfiguration?: {
        portNumber?: number;
        portName?: string;
        gateway?: string;
        name?: string;
        vhost?: {
          name?: string;
          domainName?: string;
          route?: { name?: string; action?: "ANY" | "ROUTE" | "REDIRECT" | "DIRECT_RESPONSE" };
        };
      };
      cluster?: { portNumber?: number; service?: string; subset?: string; name?: string };
    };
    patch: {
      operation: "MERGE" | "ADD" | "REMOVE" | "INSERT_BEFORE" | "INSERT_AFTER" | "INSERT_FIRST" | "REPLACE";
      value?: Record<string, unknown>;
      filterClass?: "UNSPECIFIED" | "AUTHN" | "AUTHZ" | "STATS";
    };
  }[];
}
export type EnvoyFilter = KubeObject<EnvoyFilterSpec>;

export interface WorkloadSelector {
  matchLabels?: Record<string, string>;
}
export interface AuthorizationSource {
  principals?: string[];
  notPrincipals?: string[];
  requestPrincipals?: string[];
  notRequestPrincipals?: string[];
  namespaces?: string[];
  notNamespaces?: string[];
  ipBlocks?: string[];
  notIpBlocks?: string[];
  remoteIpBlocks?: string[];
  notRemoteIpBlocks?: string[];
}
export interface AuthorizationOperation {
  hosts?: string[];
  notHosts?: string[];
  ports?: string[];
  notPorts?: string[];
  methods?: string[];
  notMethods?: string[];
  paths?: string[];
  notPaths?: string[];
}
export interface AuthorizationRule {
  from?: { source: AuthorizationSource }[];
  to?: { operation: AuthorizationOperation }[];
  when?: { key: string; values?: string[]; notValues?: string[] }[];
}
export interface AuthorizationPolicySpec {
  selector?: WorkloadSelector;
  action?: "ALLOW" | "DENY" | "AUDIT" | "CUSTOM";
  rules?: AuthorizationRule[];
}
export type AuthorizationPolicy = KubeObject<AuthorizationPolicySpec>;

export type MutualTlsMode = "UNSET" | "DISABLE" | "PERMISSIVE" | "STRICT";
export type PeerAuthentication = KubeObject<{
  selector?: WorkloadSelector;
  mtls?: { mode?: MutualTlsMode };
  portLevelMtls?: Record<string, { mode?: MutualTlsMode }>;
}>;
export interface JWTRule {
  issuer: string;
  audiences?: string[];
  jwksUri?: string;
  jwks?: string;
  fromHeaders?: { name: string; prefix?: string }[];
  fromParams?: string[];
  forwardOriginalToken?: boolean;
  outputPayloadToHeader?: string;
}
export type RequestAuthentication = KubeObject<{ selector?: WorkloadSelector; jwtRules?: JWTRule[] }>;
export type Telemetry = KubeObject<Record<string, unknown>>;
