import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** The built web UI. Paths that name no file are pages of it, which finds its way by the URL itself. */
export async function webFiles(app: FastifyInstance, root: string | undefined): Promise<(path: string) => boolean> {
  if (root === undefined || !existsSync(join(root, "index.html"))) return () => false;
  await app.register(fastifyStatic, {
    root,
    wildcard: false,
    index: "index.html",
    prefix: "/",
    setHeaders: (reply, path) => {
      reply.header("cache-control", path.includes("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  return (path) => !path.startsWith("/api/") && !/\.[a-z0-9]+$/i.test(path);
}
