import type { Speech } from "./rules.ts";

interface Port {
  name: string;
  appProtocol?: string;
}

/** What an app speaks, by its ports: by `appProtocol`, else by the name's prefix, as in Istio. Without ports: HTTP, the default port's. */
export function speechOf(ports: readonly Port[] | undefined): Speech[] {
  if (ports === undefined) return ["http"];
  const speaks = ports.map(({ name, appProtocol }): Speech => {
    const protocol = appProtocol ?? name.split("-")[0];
    return protocol === "http" || protocol === "http2" ? "http" : protocol === "grpc" ? "grpc" : "tcp";
  });
  return [...new Set(speaks)];
}
