import type { Registry } from "@bufbuild/protobuf";
import type { IdentitySource } from "./config-source.ts";
import type { Encoder } from "./encode.ts";
import type { Indexes } from "./index/indexes.ts";
import type { Graph } from "./memo.ts";

/** What holds for the whole mesh (Istio's mesh configuration, as far as it is in use). */
export interface MeshSettings {
  /** First part of every identity: `spiffe://TRUST_DOMAIN/ns/NS/sa/SA`. */
  readonly trustDomain: string;
  /** Objects in this namespace hold for all others. Default `istio-system`. */
  readonly rootNamespace: string;
  /** Default `cluster.local`. */
  readonly clusterDomain: string;
  /** File (PEM) with the roots that the system trusts, as the proxies see it. Default: Debian's. */
  readonly systemRoots: string;
  /** Default `ads`. */
  readonly identitySource: IdentitySource;
  /** Every message of Envoy's API, for EnvoyFilter values. */
  readonly registry: Registry;
}

/** What every part of the compiler works with. */
export interface Mesh {
  readonly graph: Graph;
  readonly indexes: Indexes;
  readonly settings: MeshSettings;
  readonly encoder: Encoder;
}
