import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { openapiClient } from "./client/plugin.ts";

/**
 * uPlot makes a number format for `navigator.language` when it is imported. A browser on a system without a locale
 * says "en-US@posix" there, which is no language tag, and the whole page would stay blank.
 */
const anyLocale = {
  name: "uplot-any-locale",
  transform: (code: string, id: string) =>
    id.includes("uPlot.esm") ? code.replaceAll("nav.language", "undefined") : null,
};

export default defineConfig({
  plugins: [anyLocale, openapiClient(), react()],
  build: { outDir: "dist", emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": "http://127.0.0.1:7070", "/openapi.json": "http://127.0.0.1:7070" } },
});
