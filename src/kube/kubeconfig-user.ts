/** The ways to authenticate that need more than a text: plugins, identity providers, acting as somebody else. */
import { resolve } from "node:path";
import type { ExecPlugin, Impersonation, OidcProvider } from "./kube-connection.ts";
import { KubeconfigError } from "./kubeconfig-error.ts";
import { isFields, string, type Entry, type Fields } from "./kubeconfig-file.ts";

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const;
/** Where a cluster's entry keeps what a plugin is to be told. */
const pluginExtension = "client.authentication.k8s.io/exec";

/** `exec`. Throws `KubeconfigError`. */
export function execPlugin({ value: user, folder }: Entry, path: string, cluster: Fields): ExecPlugin | undefined {
  if (user["exec"] === undefined || user["exec"] === null) return undefined;
  const field = `${path}.exec`;
  const exec = fieldsOf(user["exec"], field);
  const apiVersion = versions.find((version) => version === exec["apiVersion"]);
  if (apiVersion === undefined)
    throw new KubeconfigError(
      "kubeconfig/unsupported",
      `${field}.apiVersion isn't a version of credential plugins that we speak`,
      `${field}.apiVersion`,
      { found: String(exec["apiVersion"]), accepted: versions.join(", ") },
    );
  const command = string(exec["command"]);
  if (command === undefined)
    throw new KubeconfigError("kubeconfig/missing", `${field}.command is missing`, `${field}.command`, {
      accepted: "the plugin's name or path",
    });
  if (exec["interactiveMode"] === "Always")
    throw new KubeconfigError(
      "kubeconfig/unsupported",
      `${field}: the plugin "${command}" wants to ask somebody at a terminal, and here is none`,
      `${field}.interactiveMode`,
      { found: "Always", accepted: "Never, IfAvailable" },
    );
  const installHint = string(exec["installHint"]);
  const clusterConfig = listOf(cluster["extensions"], "clusters[].extensions").find(
    (each) => isFields(each) && each["name"] === pluginExtension,
  );
  return {
    apiVersion,
    // With a separator it is a path, relative to the kubeconfig; without one it is looked up in PATH.
    command: /[/\\]/.test(command) ? resolve(folder ?? ".", command) : command,
    args: listOf(exec["args"], `${field}.args`).map(String),
    env: listOf(exec["env"], `${field}.env`).flatMap((each) => {
      const { name, value } = fieldsOf(each, `${field}.env`);
      return typeof name === "string" ? [{ name, value: String(value ?? "") }] : [];
    }),
    provideClusterInfo: exec["provideClusterInfo"] === true,
    ...(installHint === undefined ? {} : { installHint }),
    ...(clusterConfig === undefined ? {} : { clusterConfig: (clusterConfig as Fields)["extension"] }),
  };
}

/** `auth-provider`. `readFile` gets a path and the field that names it. Throws `KubeconfigError`. */
export function oidcProvider(
  { value: user, folder }: Entry,
  path: string,
  readFile: (path: string, field: string) => string,
): OidcProvider | undefined {
  if (user["auth-provider"] === undefined || user["auth-provider"] === null) return undefined;
  const field = `${path}.auth-provider`;
  const provider = fieldsOf(user["auth-provider"], field);
  if (provider["name"] !== "oidc")
    throw new KubeconfigError(
      "kubeconfig/unsupported",
      `${field} "${String(provider["name"])}" has been replaced by an exec plugin: have the kubeconfig written anew`,
      `${field}.name`,
      { found: String(provider["name"]), accepted: "oidc" },
    );
  const config = fieldsOf(provider["config"] ?? {}, `${field}.config`);
  const need = (name: string): string => {
    const found = string(config[name]);
    if (found === undefined)
      throw new KubeconfigError("kubeconfig/missing", `${field}.config.${name} is missing`, `${field}.config.${name}`, {
        accepted: "as the identity provider gave it",
      });
    return found;
  };
  const issuer = need("idp-issuer-url");
  if (!URL.canParse(issuer) || !/^https:$/.test(new URL(issuer).protocol))
    throw new KubeconfigError(
      "kubeconfig/broken",
      `${field}.config.idp-issuer-url isn't an https URL`,
      `${field}.config.idp-issuer-url`,
      { found: issuer, accepted: "https://host/path" },
    );
  const inline = string(config["idp-certificate-authority-data"]);
  const file = string(config["idp-certificate-authority"]);
  const ca =
    inline !== undefined
      ? Buffer.from(inline, "base64").toString("utf8")
      : file !== undefined
        ? readFile(resolve(folder ?? ".", file), `${field}.config.idp-certificate-authority`)
        : undefined;
  const optional = {
    clientSecret: string(config["client-secret"]),
    idToken: string(config["id-token"]),
    refreshToken: string(config["refresh-token"]),
    ca,
  };
  return {
    issuer,
    clientId: need("client-id"),
    ...(Object.fromEntries(Object.entries(optional).filter(([, each]) => each !== undefined)) as Partial<OidcProvider>),
  };
}

/** `as`, `as-uid`, `as-groups`, `as-user-extra`. Throws `KubeconfigError`. */
export function impersonation(user: Fields, path: string): Impersonation | undefined {
  const as = string(user["as"]);
  const uid = string(user["as-uid"]);
  const groups = listOf(user["as-groups"], `${path}.as-groups`).map(String);
  const extra = Object.entries(isFields(user["as-user-extra"]) ? user["as-user-extra"] : {}).map(
    ([name, values]) => [name, listOf(values, `${path}.as-user-extra`).map(String)] as const,
  );
  if (as === undefined) {
    if (uid === undefined && groups.length === 0 && extra.length === 0) return undefined;
    throw new KubeconfigError("kubeconfig/broken", `${path} acts as groups or a uid, but as no user`, `${path}.as`, {
      accepted: "a user's name",
    });
  }
  return {
    user: as,
    ...(uid === undefined ? {} : { uid }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function fieldsOf(value: unknown, field: string): Fields {
  if (isFields(value)) return value;
  throw new KubeconfigError("kubeconfig/broken", `${field} is not an object`, field, { accepted: "an object" });
}
function listOf(value: unknown, field: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new KubeconfigError("kubeconfig/broken", `${field} is not a list`, field, { accepted: "a list" });
}
