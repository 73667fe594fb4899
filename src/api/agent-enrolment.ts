import { Type } from "typebox";
import { stringify } from "yaml";
import { createToken } from "../access/tokens.ts";
import { mutate, require as requireRole } from "../access/mutate.ts";
import { agentManifests } from "../fleet/agent-manifests.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import { agentTokenId } from "../release/changes.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";
import { NameParams } from "./object-routes.ts";
import { parseBody } from "./parse-query.ts";
import { readText } from "./read-document.ts";

const Enrolment = closed({
  server: Type.String({
    pattern: "^https?://[^\\s]+$",
    "x-expects": "a URL that begins with https:// (or http://)",
    description: "URL of this server, as the cluster reaches it.",
  }),
  image: Type.String({ minLength: 1, maxLength: 500, description: "Image in which `quipu` runs." }),
  ca: optional(
    Type.String({
      pattern: "-----BEGIN CERTIFICATE-----",
      "x-expects": "certificates as PEM",
      description: "Authority of the server's certificate, where the image doesn't know it.",
    }),
  ),
});

/** What runs an agent in its cluster, with a new token for it. */
export function agentEnrolment(routes: Routes, { store, secret, agents }: ApiContext): void {
  routes.add(
    {
      method: "POST",
      path: "/api/v1/clusters/:name/agent",
      id: "enrolAgent",
      summary:
        "Manifests that run a cluster's agent there, with a new token: the one before is worth nothing from then on",
      params: NameParams,
      body: { schema: Enrolment, types: ["application/json"] },
      answers: { 200: { description: "Kubernetes objects.", schema: Type.String(), type: "application/yaml" } },
    },
    {},
    async ({ params: { name }, principal, request, reply }) => {
      requireRole(principal, "enrol", { kind: "Cluster", name });
      const wanted = parseBody(Enrolment, readText(String(request.body ?? ""), request.headers["content-type"]));
      const token = secret();
      await mutate(store, principal, "enrol agent", {}, async (tx) => {
        if ((await tx.get("Cluster", name)) === undefined)
          throw new Problem("not-found", `There is no Cluster ${name}.`, {
            found: name,
            accepted: "a Cluster with spec.connection.agent: true",
            subject: `Cluster/${name}`,
          });
        await createToken(tx, {
          id: agentTokenId(name),
          subject: `agent of ${name}`,
          kind: "cluster",
          grants: [{ role: "agent", cluster: name }],
          expires: null,
          secret: token,
        });
        return { result: undefined, subject: `Cluster/${name}` };
      });
      agents?.get(name)?.dismiss();
      const { server, image, ca } = wanted;
      const objects = agentManifests({ cluster: name, server, image, token, ...(ca !== undefined && { ca }) });
      return reply
        .type("application/yaml")
        .header("cache-control", "no-store")
        .send(objects.map((object) => stringify(object)).join("---\n"));
    },
  );
}
