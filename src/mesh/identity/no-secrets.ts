import type { ProxySecrets } from "./secret-service.ts";

/** For proxies that have proved nothing: there are no secrets for them. */
export const noSecrets: { open(): ProxySecrets } = {
  open: () => ({
    get: () => undefined,
    requested: () => {},
    certificateUntil: () => undefined,
    close: () => {},
  }),
};
