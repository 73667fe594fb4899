import { expect, test } from "vitest";
import { stringify } from "yaml";
import { connectionOf } from "./lent-kubeconfig.ts";

const kubeconfig = (server: string, ...contexts: string[]) =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server } }],
    users: [{ name: "u", user: { token: "secret-token" } }],
    contexts: contexts.map((name) => ({ name, context: { cluster: "c", user: "u" } })),
  });
function reader(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined || text.startsWith("E")) {
      const code = text ?? "ENOENT";
      throw Object.assign(new Error(`${code}: ${path}`), { code });
    }
    return text;
  };
}
const files = {
  "/etc/fleet": kubeconfig("https://named:6443", "one", "two"),
  "/home/.kube/config": kubeconfig("https://home:6443", "one"),
  "/a": kubeconfig("https://a:6443", "one"),
};

test("the file that is named, else the files that kubectl would read", () => {
  const read = reader(files);
  const server = (lent: { context: string; path?: string }, env: Record<string, string>) =>
    connectionOf(lent, env, read).server;
  expect(server({ context: "two", path: "/etc/fleet" }, { HOME: "/home", KUBECONFIG: "/a" })).toBe(
    "https://named:6443",
  );
  expect(server({ context: "one" }, { HOME: "/home", KUBECONFIG: "/gone:/a" })).toBe("https://a:6443");
  expect(server({ context: "one" }, { HOME: "/home" })).toBe("https://home:6443");
});

test.each([
  [
    { context: "three", path: "/etc/fleet" },
    {},
    /^spec\.connection\.kubeconfig\.context names "three", which isn't in contexts \(one, two\)$/,
  ],
  [{ context: "one", path: "/gone" }, {}, /^spec\.connection\.kubeconfig\.path: \/gone can't be read .*no such file/],
  [{ context: "one", path: "/mine" }, {}, /\/mine can't be read .*the server may not read it/],
  [{ context: "one", path: "/folder" }, {}, /\/folder can't be read .*it is a folder/],
  [{ context: "one" }, { HOME: "/nobody" }, /names no path, .* there is no \/nobody\/\.kube\/config/],
  [{ context: "one" }, { KUBECONFIG: "/gone:/mine" }, /^\/mine can't be read/],
  [{ context: "one", path: "/broken" }, {}, /isn't YAML: something is wrong at line 2/],
])("%j %j: what is wrong is told, without what the file holds", (lent, env, words) => {
  const read = reader({ ...files, "/mine": "EACCES", "/folder": "EISDIR", "/broken": "a: 1\nsecret-token: [" });
  expect(() => connectionOf(lent, env, read)).toThrow(words);
  expect(() => connectionOf(lent, env, read)).not.toThrow(/secret-token/);
});
