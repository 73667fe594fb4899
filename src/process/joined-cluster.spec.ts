import { beforeEach, expect, test } from "vitest";
import type { KubeConnection } from "../kube/kube-connection.ts";
import type { Cluster } from "../model/cluster.ts";
import { JoinedCluster, type Joining } from "./joined-cluster.ts";

const document = {
  apiVersion: "quipu.dev/v1",
  kind: "Cluster",
  metadata: { name: "uno" },
  spec: { region: "pe", connection: { kubeconfig: { context: "uno" } } },
} as Cluster;
let found: KubeConnection | Error;
let links: { connection: KubeConnection; closed: boolean; remark: () => string | undefined }[];
let told: string[];
let refuses: Error | undefined;
const joining: Joining = {
  way: () => {
    if (found instanceof Error) throw found;
    return { by: "kubeconfig", connection: found };
  },
  open: (_, way, remark) => {
    if (way.by === "agent") throw new Error("there is none");
    const { connection } = way;
    if (refuses !== undefined) throw refuses;
    // Never two at once: each has a worker.
    expect(links.filter(({ closed }) => !closed)).toEqual([]);
    const link = { connection, closed: false, remark };
    links.push(link);
    return {
      close: async () => {
        await Promise.resolve();
        link.closed = true;
      },
    };
  },
  told: (_, problem) => told.push(problem),
  log: { info: () => undefined, warn: () => undefined },
};
beforeEach(() => {
  found = { server: "https://one:6443", token: "a" };
  links = [];
  told = [];
  refuses = undefined;
});

test("it is linked as soon as its kubeconfig can be read; until then it says why not, once", async () => {
  found = new Error("no such file");
  const uno = new JoinedCluster(document, joining);
  await uno.look();
  await uno.look();
  expect(uno.linked).toBe(false);
  expect(told).toEqual(["no such file"]);
  found = { server: "https://one:6443", token: "a" };
  await uno.look();
  expect(uno.linked).toBe(true);
  expect(links).toMatchObject([{ connection: found, closed: false }]);
});

test("what can't be linked is told as well", async () => {
  refuses = new Error("damaged rows");
  const uno = new JoinedCluster(document, joining);
  await uno.look();
  expect([uno.linked, told]).toEqual([false, ["damaged rows"]]);
});

test("a kubeconfig with other credentials or another server is linked anew, the same one isn't", async () => {
  const uno = new JoinedCluster(document, joining);
  await uno.look();
  found = { token: "a", server: "https://one:6443" };
  await uno.look();
  expect(links).toHaveLength(1);
  found = { server: "https://one:6443", token: "b" };
  await Promise.all([uno.look(), uno.look()]);
  expect(links.map(({ closed, connection }) => [closed, connection.token])).toEqual([
    [true, "a"],
    [false, "b"],
  ]);
});

test("what stands in files of their own is read again by others: it needs no new link", async () => {
  const files = { token: "/token" };
  found = { server: "https://one:6443", token: "a", files };
  const uno = new JoinedCluster(document, joining);
  await uno.look();
  found = { server: "https://one:6443", token: "b", files };
  await uno.look();
  expect(links).toHaveLength(1);
  found = { server: "https://one:6443", token: "b", files: { token: "/other" } };
  await uno.look();
  expect(links).toHaveLength(2);
});

test("a kubeconfig that can't be read any more leaves the link, with a remark that goes when it can be read again", async () => {
  const uno = new JoinedCluster(document, joining);
  await uno.look();
  const good = found;
  found = new Error("it is a folder");
  await uno.look();
  expect(links).toMatchObject([{ closed: false }]);
  expect(links[0]!.remark()).toBe("it is a folder; what was read of it before still counts");
  expect(told).toEqual([]);
  found = good;
  await uno.look();
  expect(links).toHaveLength(1);
  expect(links[0]!.remark()).toBeUndefined();
});

test("closing waits for a look that is under way, and ends the link", async () => {
  const uno = new JoinedCluster(document, joining);
  void uno.look();
  await uno.close();
  expect(links).toMatchObject([{ closed: true }]);
});
