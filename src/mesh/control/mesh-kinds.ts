import { kinds } from "../../objects/kinds.ts";
import type { Kind } from "../../objects/kinds.ts";

/** What the compiler reads. */
export const compiledKinds: readonly Kind[] = [
  kinds.Service,
  kinds.EndpointSlice,
  kinds.Pod,
  kinds.Node,
  kinds.VirtualService,
  kinds.DestinationRule,
  kinds.Gateway,
  kinds.ServiceEntry,
  kinds.WorkloadEntry,
  kinds.Sidecar,
  kinds.EnvoyFilter,
  kinds.AuthorizationPolicy,
  kinds.PeerAuthentication,
  kinds.RequestAuthentication,
];

/** ConfigMaps with this label configure the rate-limit service. */
export const rateLimitSelector = "quipu.dev/ratelimit=true";
