import { join } from "node:path";
import type { ApiClient } from "../cli/api-client.ts";
import type { Ingress } from "../cli/ingress-text.ts";
import { paint } from "../cli/output.ts";
import { apiServerUrl } from "./configs.ts";
import type { FleetFile } from "./home.ts";

/** Where everything is and how to sign in: all that somebody needs to look on while apps are still being deployed. */
export async function wayIn(client: ApiClient, home: string, fleet: FleetFile): Promise<string> {
  const { url } = (await client.call<{ url: string }>("POST", "/api/v1/session/links", { body: {} })).body;
  return `
${paint("bold", "Web UI")}   ${apiServerUrl(fleet)}/
${paint("bold", "Sign in")}  ${url}   (once, within 15 minutes; a new link: npx quipu login --link)
${paint("bold", "API")}      ${apiServerUrl(fleet)}/openapi.json   token: ${join(home, "admin.token")}
`;
}

/** Where requests from outside enter, and what to try. */
export async function whatToTry(client: ApiClient, fleet: FleetFile, demo: boolean): Promise<string> {
  const found = await Promise.all(
    fleet.clusters.map(({ name }) =>
      // A cluster without a gateway yet is no reason to say nothing.
      client.get<Ingress>(`/api/v1/clusters/${name}/ingress`).catch(() => undefined),
    ),
  );
  return tryLines(
    found.filter((ingress) => ingress !== undefined),
    demo,
  ).join("\n");
}

/** Pure. */
export function tryLines(ingresses: readonly Ingress[], demo: boolean): string[] {
  const entries = ingresses.flatMap(({ cluster, gateways: [gateway], hosts }) =>
    gateway === undefined ? [] : [{ cluster, gateway, hosts }],
  );
  const [first] = entries.flatMap(({ hosts }) =>
    hosts.flatMap(({ jwt, stage, curl }) => (jwt === undefined && stage === "open" ? (curl ?? []) : [])),
  );
  return [
    ...(entries.length === 0
      ? []
      : [
          `${paint("bold", "Ingress")}  ${entries.map(({ cluster, gateway }) => `${cluster} ${gateway.http}`).join(", ")}   (exposed hosts: npx quipu describe cluster ${entries[0]!.cluster})`,
          "",
        ]),
    "Try",
    ...(demo
      ? [
          ...(first === undefined ? [] : [first]),
          "npx quipu status orders",
          "npx quipu explain storefront http://catalog.food/items",
          "edit examples/superapp/apps/catalog.yaml (say, timeout: 50ms), then: npx quipu apply --wait -f examples/superapp/apps/catalog.yaml",
        ]
      : ["npx quipu apply -f examples/superapp/apps", "npx quipu get apps", "npx quipu --help"]
    ).map((text) => `  ${text}`),
    "",
    "Ctrl-C stops all of it.",
  ];
}
