import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { Type } from "typebox";
import { mutate, require as requireRole } from "../access/mutate.ts";
import { Problem } from "../model/problem.ts";
import { closed, optional } from "../model/schema.ts";
import { maxArtifactBytes } from "../store/artifact-files.ts";
import type { ApiContext } from "./context.ts";
import type { Routes } from "./define-route.ts";

const Digest = Type.String({
  pattern: "^sha256:[0-9a-f]{64}$",
  "x-expects": "sha256: and 64 hexadecimal digits",
  description: "sha256 of the archive's bytes.",
});
const UploadFields = closed({
  digest: optional(Digest),
  app: optional(Type.String({ description: "The app that it is for." })),
});
const ArtifactAnswer = closed({ digest: Digest, size: Type.Integer({ description: "Bytes." }) });

export function artifactRoutes(routes: Routes, { store, artifacts, now }: ApiContext): void {
  routes.add(
    {
      method: "POST",
      path: "/api/v1/artifacts",
      id: "uploadArtifact",
      summary: "Upload a tar archive of what an app runs, named by its digest",
      query: UploadFields,
      body: { schema: Type.String({ format: "binary" }), types: ["application/x-tar", "application/octet-stream"] },
      answers: {
        201: { description: "Kept.", schema: ArtifactAnswer },
        200: { description: "Was here already.", schema: ArtifactAnswer },
      },
    },
    { bodyLimit: maxArtifactBytes },
    async ({ query, principal, request, reply }) => {
      requireRole(principal, "upload", { kind: "Artifact" });
      const announced = query.digest;
      if (
        announced !== undefined &&
        (await artifacts.has(announced)) &&
        (await store.read((tx) => tx.artifact(announced))) !== undefined
      ) {
        (request.body as Readable).resume();
        const known = await store.read((tx) => tx.artifact(announced));
        return { digest: announced, size: known!.size };
      }
      const { digest, size } = await artifacts.save(request.body as Readable, announced);
      await mutate(store, principal, "upload", {}, async (tx) => {
        const known = await tx.artifact(digest);
        if (known === undefined)
          await tx.putArtifact({ digest, size, app: query.app ?? "", created: now(), who: principal.name });
        return {
          result: undefined,
          subject: `Artifact/${digest}`,
          after: { digest, size, app: query.app },
          unchanged: known !== undefined,
        };
      });
      reply.code(201);
      return { digest, size };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/api/v1/artifacts/:digest",
      id: "getArtifact",
      summary: "The bytes of an artifact",
      params: closed({ digest: Digest }),
      answers: {
        200: { description: "The archive.", schema: Type.String({ format: "binary" }), type: "application/x-tar" },
      },
    },
    {},
    async ({ params, principal, reply }) => {
      requireRole(principal, "download", { kind: "Artifact" });
      const known = /^sha256:[0-9a-f]{64}$/.test(params.digest)
        ? await store.read((tx) => tx.artifact(params.digest))
        : undefined;
      if (known === undefined || !(await artifacts.has(known.digest)))
        throw new Problem("not-found", `There is no artifact ${params.digest}.`, {
          found: params.digest,
          accepted: "the digest that its upload gave",
          subject: `Artifact/${params.digest}`,
        });
      reply
        .type("application/x-tar")
        .header("content-length", known.size)
        .header("etag", `"${known.digest}"`)
        .header("cache-control", "private, max-age=31536000, immutable");
      return reply.send(createReadStream(artifacts.path(known.digest)));
    },
  );
}
