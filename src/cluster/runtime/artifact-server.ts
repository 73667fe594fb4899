import { readFileSync } from "node:fs";
import { request } from "undici";
import type { ArtifactSource } from "./artifacts.ts";

/** The API server's artifacts over HTTP: `URL/sha256:DIGEST`, with a bearer token that is read anew each time. */
export function artifactServer(url: string, tokenFile: string): ArtifactSource {
  return {
    async fetch(digest) {
      const token = readFileSync(tokenFile, "utf8").trim();
      const response = await request(`${url.replace(/\/$/, "")}/sha256:${digest}`, {
        headers: { authorization: `Bearer ${token}` },
        headersTimeout: 10_000,
        bodyTimeout: 30_000,
      });
      if (response.statusCode !== 200) {
        const text = (await response.body.text()).slice(0, 300);
        throw new Error(`${url} answered ${response.statusCode}${text === "" ? "" : `: ${text}`}`);
      }
      return response.body;
    },
  };
}
