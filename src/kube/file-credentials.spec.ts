import { expect, test } from "vitest";
import { FileCredentials } from "./file-credentials.ts";

const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n`;
function setUp() {
  const files: Record<string, string> = { token: "t1\n", cert: pem("c1"), key: pem("k1"), ca: pem("a1") };
  let reads = 0;
  const credentials = new FileCredentials({ token: "token", cert: "cert", key: "key", ca: "ca" }, async (path) => {
    if (path === "token") reads++;
    if (files[path] === undefined) throw new Error("ENOENT");
    return files[path];
  });
  return { files, credentials, reads: () => reads };
}
const first = { token: "t1", source: "the file token", cert: pem("c1"), key: pem("k1"), ca: pem("a1") };

test("files are read again each minute, together, and sooner after a 401", async () => {
  const { files, credentials, reads } = setUp();
  expect(await Promise.all([credentials.present(0), credentials.present(0)])).toEqual([first, first]);
  files["token"] = "t2";
  expect((await credentials.present(59_000)).token).toBe("t1");
  expect(reads()).toBe(1);
  expect((await credentials.present(60_000)).token).toBe("t2");
  files["token"] = "t3";
  credentials.refused();
  expect((await credentials.present(60_500)).token).toBe("t2");
  expect((await credentials.present(61_000)).token).toBe("t3");
  expect(reads()).toBe(3);
});

test("a file that is gone, empty or half written leaves what was read before; a certificate changes with its key", async () => {
  const { files, credentials } = setUp();
  await credentials.present(0);
  delete files["token"];
  files["cert"] = pem("c2");
  files["key"] = "";
  files["ca"] = "half";
  expect(await credentials.present(60_000)).toEqual(first);
  files["token"] = "\n";
  files["key"] = pem("k2");
  expect(await credentials.present(120_000)).toEqual({ ...first, cert: pem("c2"), key: pem("k2") });
});
