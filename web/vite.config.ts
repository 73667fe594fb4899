import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { openapiClient } from "./client/plugin.ts";

export default defineConfig({
  plugins: [openapiClient(), react()],
  build: { outDir: "dist", emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 700 },
  server: { proxy: { "/api": "http://127.0.0.1:7070", "/openapi.json": "http://127.0.0.1:7070" } },
});
