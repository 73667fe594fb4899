import { request as httpRequest, type ClientRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Question } from "../../../src/mesh/explain/question.ts";

/** What really came: `served` is the replica whose app answered, or "" when a proxy did. Status 0: no answer. */
export interface Seen {
  status: number;
  served: string;
}

/** Through a proxy port: in absolute form, or through CONNECT. */
export function sendVia(
  proxyIp: string,
  { method, url, headers, via }: Pick<Question, "method" | "url" | "headers" | "via">,
): Promise<Seen> {
  const [, authority, path] = /^http:\/\/([^/]+)(.*)$/.exec(url) as unknown as [string, string, string];
  const proxy = { host: proxyIp, port: 15_001, agent: false };
  if (via !== "connect")
    return answerTo(httpRequest({ ...proxy, method, path: url, headers: { host: authority, ...headers } }));
  return new Promise((resolve) => {
    const tunnel = httpRequest({
      ...proxy,
      method: "CONNECT",
      path: authority.includes(":") ? authority : `${authority}:80`,
    });
    tunnel.on("response", (response) => {
      response.resume();
      resolve({ status: response.statusCode!, served: "" });
    });
    tunnel.on("error", () => resolve({ status: 0, served: "" }));
    tunnel.on("connect", (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        resolve({ status: response.statusCode!, served: "" });
        return;
      }
      void answerTo(
        httpRequest({
          createConnection: () => socket,
          method,
          path,
          headers: { host: authority, ...headers },
        } as RequestOptions),
      ).then((seen) => {
        socket.destroy();
        resolve(seen);
      });
    });
    tunnel.end();
  });
}

/** Past the caller's proxy, with its certificate. */
export function sendPast(
  { address, port }: { address: string; port: number },
  certificate: { cert: string; key: string },
  { method, url, headers }: Question,
): Promise<Seen> {
  const [, authority, path] = /^http:\/\/([^/]+)(.*)$/.exec(url) as unknown as [string, string, string];
  return answerTo(
    httpsRequest({
      host: address,
      port,
      method,
      path,
      agent: false,
      rejectUnauthorized: false,
      ...certificate,
      headers: { host: authority, ...headers },
    }),
  );
}

function answerTo(asked: ClientRequest): Promise<Seen> {
  return new Promise((resolve) => {
    asked.on("response", (response) => {
      response.resume();
      response.on("end", () =>
        resolve({ status: response.statusCode!, served: String(response.headers["x-served-by"] ?? "") }),
      );
      response.on("error", () => resolve({ status: 0, served: "" }));
    });
    asked.on("error", () => resolve({ status: 0, served: "" }));
    asked.end();
  });
}
