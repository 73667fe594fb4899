import type { Secret } from "../../objects/core.ts";
import { authoritySecret, certificateSecret } from "./secret-resource.ts";
import type { XdsResource } from "../xds/delta-response.ts";

/**
 * TLS secrets that a Gateway's `credentialName` asks for, as SDS resources `kubernetes://NAME` and, for the authority of
 * mutual TLS, `kubernetes://NAME-cacert`. Keys of the Secret are those that Istio's reference names (Gateway,
 * ServerTLSSettings.credentialName): `tls.crt` and `tls.key`, or `cert` and `key`; `ca.crt`, or `cacert`.
 */
export class GatewaySecrets {
  readonly #resources = new Map<string, XdsResource[]>();

  /** The names that changed, for gateways in the Secret's namespace. */
  put(object: Secret): { namespace: string; names: string[] } {
    return this.#replace(object.metadata.namespace ?? "", object.metadata.name, resourcesOf(object));
  }

  remove(namespace: string, name: string): { namespace: string; names: string[] } {
    return this.#replace(namespace, name, []);
  }

  get(namespace: string, resource: string): XdsResource | undefined {
    const name = /^kubernetes:\/\/(.+)$/.exec(resource)?.[1];
    if (name === undefined) return undefined;
    const holders = [name, name.replace(/-cacert$/, "")];
    for (const holder of holders) {
      const found = this.#resources.get(`${namespace}/${holder}`)?.find((candidate) => candidate.name === resource);
      if (found) return found;
    }
    return undefined;
  }

  #replace(namespace: string, name: string, resources: XdsResource[]): { namespace: string; names: string[] } {
    const key = `${namespace}/${name}`;
    const before = this.#resources.get(key) ?? [];
    if (resources.length > 0) this.#resources.set(key, resources);
    else this.#resources.delete(key);
    const versions = new Map(before.map((resource) => [resource.name, resource.version]));
    const names = new Set(versions.keys());
    for (const resource of resources) {
      if (versions.get(resource.name) === resource.version) names.delete(resource.name);
      else names.add(resource.name);
    }
    return { namespace, names: [...names] };
  }
}

function resourcesOf(object: Secret): XdsResource[] {
  const name = `kubernetes://${object.metadata.name}`;
  const read = (...keys: string[]) => {
    const text = keys.map((key) => object.data?.[key]).find((value) => value !== undefined && value !== "");
    return text === undefined ? undefined : Buffer.from(text, "base64");
  };
  const chain = read("tls.crt", "cert");
  const key = read("tls.key", "key");
  const authority = read("ca.crt", "cacert");
  const resources: XdsResource[] = [];
  if (chain && key) resources.push(certificateSecret(name, chain, key));
  if (authority) resources.push(authoritySecret(name.endsWith("-cacert") ? name : `${name}-cacert`, authority));
  return resources;
}
