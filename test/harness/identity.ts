import { fromBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { SecretSchema } from "#gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { rootSecret, secretTypeUrl, workloadSecret } from "../../src/mesh/identity/secret-resource.ts";
import { TestProxy } from "../../src/mesh/xds/testing.ts";
import type { Pod } from "../../src/objects/core.ts";
import { runFolder } from "../../src/process/home.ts";
import type { TestFleet } from "./fleet.ts";

/** What a workload proves itself with; PEM. */
export interface Credentials {
  cert: string;
  key: string;
  ca: string;
}

/** The mesh's socket of the fleet's first cluster. */
export const meshSocket = (fleet: TestFleet): string => join(runFolder(fleet.fleet.id), `${cluster(fleet)}.xds`);
/** The folder that the cluster process keeps for a pod. */
export const podFolder = (fleet: TestFleet, pod: Pod): string =>
  join(fleet.home, "clusters", cluster(fleet), "pods", pod.metadata.uid as string);

/** The token with which the pod's sidecar speaks to its mesh, out of its bootstrap file. */
export function tokenOf(fleet: TestFleet, pod: Pod): string {
  const token = /"Bearer ([^"]+)"/.exec(readFileSync(join(podFolder(fleet, pod), "envoy.json"), "utf8"))?.[1];
  if (token === undefined) throw new Error(`no token in the bootstrap file of ${pod.metadata.name}`);
  return token;
}

/** Asks for a certificate as a pod's sidecar does (SDS), or under another's name or token. Rejects with the server's refusal. */
export async function askIdentity(
  fleet: TestFleet,
  pod: Pod,
  token: string | undefined,
  as: { pod?: string; ip?: string } = {},
): Promise<Credentials> {
  const proxy = new TestProxy(`unix://${meshSocket(fleet)}`, {
    pod: as.pod ?? pod.metadata.name,
    namespace: pod.metadata.namespace!,
    ip: as.ip ?? pod.status!.podIP!,
    // Not under the sidecar's own id: the two would take each other for an old connection of themselves.
    domain: "asked",
    ...(token !== undefined && { token }),
  });
  try {
    proxy.send(secretTypeUrl, { subscribe: [workloadSecret, rootSecret] });
    const refused = proxy.ended.then((error) => Promise.reject(error));
    const found: Partial<Credentials> = {};
    while (found.cert === undefined || found.ca === undefined) {
      const { resources } = await Promise.race([proxy.take(), refused]);
      for (const { bytes } of resources) Object.assign(found, credentialsIn(bytes));
    }
    return found as Credentials;
  } finally {
    proxy.close();
  }
}

function credentialsIn(bytes: Uint8Array): Partial<Credentials> {
  const { type } = fromBinary(SecretSchema, bytes);
  const text = (source: { specifier: { case?: string | undefined; value?: unknown } } | undefined): string =>
    Buffer.from(source?.specifier.value as Uint8Array).toString();
  if (type.case === "tlsCertificate")
    return { cert: text(type.value.certificateChain), key: text(type.value.privateKey) };
  if (type.case === "validationContext") return { ca: text(type.value.trustedCa) };
  return {};
}

/** A request to a pod's sidecar from outside of any sidecar, by TLS with these credentials or none. Rejects when the handshake fails. */
export function past(
  pod: Pod,
  path: string,
  credentials: Partial<Credentials>,
  method = "GET",
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: pod.status?.podIP as string,
        port: 8080,
        path,
        method,
        headers: { host: hostOf(pod) },
        agent: false,
        timeout: 5000,
        ...credentials,
        // The callee's identity is a SPIFFE URI, not a DNS name; that the chain leads to the mesh's root is still checked.
        checkServerIdentity: () => undefined,
        ...(credentials.ca === undefined && { rejectUnauthorized: false }),
      },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      },
    );
    asked
      .on("error", reject)
      .on("timeout", () => asked.destroy(new Error("no answer within 5 s")))
      .end();
  });
}

/** What the sidecar's port answers to a request in plain text. */
export function plain(pod: Pod): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(8080, pod.status?.podIP as string, () =>
      socket.write(`GET /echo HTTP/1.1\r\nhost: ${hostOf(pod)}\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.setTimeout(5000, () => socket.destroy());
  });
}

const hostOf = ({ metadata }: Pod): string => `${metadata.labels?.["app"] as string}.${metadata.namespace as string}`;

function cluster(fleet: TestFleet): string {
  return fleet.fleet.clusters[0]?.name as string;
}
