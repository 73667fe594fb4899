import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRoot } from "../trust/root.ts";
import { OidcCredentials } from "./oidc-credentials.ts";

let server: Server;
let issuer: string;
let ca: string;
let asked: { url: string; authorization: string | undefined; form: Record<string, string> }[];
let answer: (form: Record<string, string>, request: IncomingMessage) => [number, object];
let time: number;

const jwt = (name: string, seconds: number) =>
  `e30.${Buffer.from(JSON.stringify({ name, exp: Math.floor(time / 1000) + seconds })).toString("base64url")}.x`;

beforeEach(async () => {
  time = Date.now();
  asked = [];
  const root = await createRoot({ trustDomain: "quipu.local", now: time });
  const tls = await (await root.issueIntermediate("idp", { now: time })).issueServer({ ips: ["127.0.0.1"], now: time });
  ca = root.certPem;
  server = createServer(
    { key: tls.keyPem, cert: tls.certChainPem },
    (request, response) => void take(request, response),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}/realm`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});
async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = Object.fromEntries(new URLSearchParams(await text(request)));
  if (request.method === "GET") return void response.end(JSON.stringify({ token_endpoint: `${issuer}/token` }));
  asked.push({ url: request.url!, authorization: request.headers.authorization, form });
  const [code, body] = answer(form, request);
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}
const provider = (over: object = {}) =>
  new OidcCredentials(
    { issuer, clientId: "quipu", clientSecret: "s3cret", refreshToken: "r1", ca, ...over },
    {},
    () => time,
  );

test("the kubeconfig's token is used to its end, then others are had for refresh tokens that change each time", async () => {
  const first = jwt("first", 300);
  const credentials = provider({ idToken: first });
  expect(await credentials.present(time)).toEqual({ token: first, source: "the identity provider" });
  expect(asked).toEqual([]);
  time += 295_000;
  answer = () => [200, { id_token: jwt("next", 300), refresh_token: `r${asked.length + 1}` }];
  const tokens = await Promise.all([credentials.present(time), credentials.present(time)]);
  expect(tokens[0]).toEqual(tokens[1]);
  expect(asked).toEqual([
    {
      url: "/realm/token",
      authorization: `Basic ${Buffer.from("quipu:s3cret").toString("base64")}`,
      form: { grant_type: "refresh_token", refresh_token: "r1" },
    },
  ]);
  time += 295_000;
  await credentials.present(time);
  expect(asked.at(-1)!.form["refresh_token"]).toBe("r2");
  expect(inspect(credentials, { depth: 9 })).not.toMatch(/s3cret|r2|e30/);
});

test("a provider that takes the client's secret only in the form gets it there", async () => {
  answer = (form) =>
    form["client_secret"] === "s3cret" ? [200, { id_token: jwt("x", 60) }] : [401, { error: "invalid_client" }];
  expect((await provider().present(time)).token).toBe(jwt("x", 60));
});

test("a token that the API refuses is replaced, if it is the one in use", async () => {
  const first = jwt("first", 300);
  const credentials = provider({ idToken: first });
  answer = () => [200, { id_token: jwt("next", 300) }];
  credentials.refused("another", undefined, time);
  expect((await credentials.present(time)).token).toBe(first);
  credentials.refused(first, undefined, time);
  expect((await credentials.present(time)).token).toBe(jwt("next", 300));
});

test.each<[string, () => [number, object], RegExp]>([
  [
    "refuses",
    () => [400, { error: "invalid_grant", error_description: "Session not active" }],
    /no new token \(invalid_grant: Session not active\)/,
  ],
  ["gives no id_token", () => [200, { access_token: "s3cret" }], /without an id_token/],
  ["fails", () => [500, {}], /HTTP 500/],
])("one that %s is told of, with what to do, without secrets", async (_, given, message) => {
  answer = given;
  const error = await provider()
    .present(time)
    .catch((each) => each);
  expect(error).toMatchObject({ code: "kube/credentials", message: expect.stringMatching(message) });
  expect(error.message).toMatch(/Log in again and give Quipu the new kubeconfig/);
  expect(inspect(error)).not.toMatch(/s3cret|"r1"/);
});

test("without a refresh token there is an end; an issuer of another authority is not asked", async () => {
  const old = provider({ idToken: jwt("old", -1), refreshToken: undefined });
  await expect(old.present(time)).rejects.toThrow(/has expired, and there is no refresh-token/);
  answer = () => [200, { id_token: jwt("x", 60) }];
  const { certPem } = await createRoot({ trustDomain: "other.local", now: time });
  await expect(provider({ ca: certPem }).present(time)).rejects.toThrow(
    /can't be asked: the server's certificate isn't from/,
  );
  expect(asked).toEqual([]);
});
