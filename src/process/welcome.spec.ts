import { expect, test } from "vitest";
import { tryLines } from "./welcome.ts";

const gateway = (ip: string) => ({ pod: "gw", state: "ready", http: `${ip}:8080`, https: `${ip}:8443` });
const host = { host: "shop.example", path: "/", app: "storefront", stage: "open", curl: "curl without" };

test("where requests enter, and how to call an exposed host that asks for no token", () => {
  const lines = tryLines(
    [
      {
        cluster: "bogota",
        gateways: [gateway("127.17.1.1")],
        hosts: [{ ...host, jwt: "customers", curl: "curl with" }, host],
      },
      { cluster: "lima", gateways: [gateway("127.18.1.1")], hosts: [] },
      { cluster: "quito", gateways: [], hosts: [host] },
    ],
    true,
  );
  expect(lines[0]).toBe(
    "Ingress  bogota 127.17.1.1:8080, lima 127.18.1.1:8080   (exposed hosts: npx quipu describe cluster bogota)",
  );
  expect(lines).toContain("  curl without");
  expect(lines.at(-1)).toBe("Ctrl-C stops all of it.");
});

test("without a gateway nothing is made up", () => {
  expect(tryLines([{ cluster: "bogota", gateways: [], hosts: [host] }], true).join("\n")).not.toMatch(/Ingress|curl/);
});
