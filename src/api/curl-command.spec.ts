import { expect, test } from "vitest";
import { curlCommand } from "./curl-command.ts";

const at = { host: "shop.example", path: "/", tls: false, http: "127.17.1.1:8080", https: "127.17.1.1:8443" };

test.each([
  [at, "curl -H 'host: shop.example' http://127.17.1.1:8080/"],
  [{ ...at, path: "/pay*" }, "curl -H 'host: shop.example' http://127.17.1.1:8080/pay"],
  [
    { ...at, tls: true, jwt: "customers" },
    "curl -k --resolve shop.example:8443:127.17.1.1 -H 'authorization: Bearer TOKEN' https://shop.example:8443/",
  ],
])("%j", (exposed, command) => {
  expect(curlCommand(exposed)).toBe(command);
});
