/** What the runtime of one cluster knows about where it runs. Paths are absolute. */
export interface RuntimeSettings {
  fleet: string;
  cluster: string;
  region: string;
  zone: string;
  /** `127.17` */
  network: string;
  /** The cluster's own folder: `pods/UID/`, `artifacts/DIGEST/`. */
  home: string;
  /** Folder of sockets, short enough for their paths. */
  runDir: string;
  portRange: readonly [number, number];
  /** Images `file:/folder`, for tests and development of the runtime itself. */
  localImages: boolean;
  hollow: boolean;
}

/** The only node of an embedded cluster. */
export function nodeName(settings: RuntimeSettings): string {
  return settings.cluster;
}

export function podFolder(settings: RuntimeSettings, uid: string): string {
  return `${settings.home}/pods/${uid}`;
}

/** The admin socket of a pod's Envoy. Named by the pod's index: a uid would make the path too long for a socket. */
export function adminSocket(settings: RuntimeSettings, index: number): string {
  return `${settings.runDir}/${settings.cluster}.pods/${index}/admin`;
}
