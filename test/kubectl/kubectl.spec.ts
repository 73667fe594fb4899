import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Deployment, Pod } from "../../src/objects/core.ts";
import { kinds } from "../../src/objects/kinds.ts";
import { startTestServer, type TestServer } from "../../src/cluster/api/testing-server.ts";
import { kubectl, type Kubectl } from "./kubectl.ts";

let api: TestServer;
let run: Kubectl;
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "quipu-kubectl-"));
  api = await startTestServer({
    podLogs: async function* ({ container, tailLines, follow }) {
      for (let line = 1; line <= 3; line++)
        if (tailLines === undefined || line > 3 - tailLines) yield `${container} line ${line}\n`;
      if (follow) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        yield "followed\n";
      }
    },
  });
  run = kubectl(api.kubeconfig(), home);
});
afterAll(async () => {
  await api.stop();
  rmSync(home, { recursive: true, force: true });
});

const manifest = (replicas: number | null = 2, image = "example/app:1"): unknown => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    ...(replicas === null ? {} : { replicas }),
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [{ name: "app", image, ports: [{ containerPort: 8080 }], env: [{ name: "A", value: "1" }] }],
      },
    },
  },
});
const virtualService = (timeout: string): unknown => ({
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "web", namespace: "default" },
  spec: { hosts: ["web"], http: [{ timeout, route: [{ destination: { host: "web" } }] }] },
});
function createPod(name: string): Pod {
  return api.store.create<Pod>(kinds.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: { nodeName: "node", terminationGracePeriodSeconds: 0, containers: [{ name: "app", image: "a:1" }] },
  });
}
function ready(): void {
  api.store.updateStatus<Deployment>(kinds.Deployment, "default", "web", (object) => {
    const { replicas = 1 } = object.spec!;
    return {
      ...object,
      status: {
        observedGeneration: object.metadata.generation!,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        conditions: [
          {
            type: "Available",
            status: "True",
            reason: "MinimumReplicasAvailable",
            lastTransitionTime: "2026-01-01T00:00:00Z",
          },
        ],
      },
    };
  });
}
const stored = (): Deployment => api.store.get<Deployment>(kinds.Deployment, "default", "web")!;

beforeEach(() => {
  for (const kind of [kinds.Deployment, kinds.Pod, kinds.ConfigMap, kinds.VirtualService, kinds.Event]) {
    for (const { metadata } of api.store.list(kind).items)
      api.store.delete(kind, metadata.namespace, metadata.name, { gracePeriodSeconds: 0 });
  }
});

describe("an unmodified kubectl", () => {
  it("discovers, and knows versions and short names", async () => {
    expect((await run("version")).stdout).toContain("Server Version: v1.36.3-quipu");
    const resources = (await run("api-resources --no-headers")).stdout;
    for (const line of [
      /deployments +deploy +apps\/v1 +true +Deployment/,
      /virtualservices +vs +networking.istio.io\/v1 +true/,
      /namespaces +ns +v1 +false/,
    ])
      expect(resources).toMatch(line);
    expect((await run("get vs,dr,hpa,pdb,endpointslices -A")).stderr).toContain("No resources found");
  });

  it("applies, sees no difference, applies a change, and deletes", async () => {
    expect((await run("apply -f -", manifest())).stdout).toBe("deployment.apps/web created\n");
    expect((await run("apply -f -", manifest())).stdout).toBe("deployment.apps/web unchanged\n");
    expect((await run("diff -f -", manifest())).code).toBe(0);
    const diff = await run("diff -f -", manifest(3));
    expect([diff.code, diff.stdout]).toEqual([1, expect.stringMatching(/-\s+replicas: 2\n\+\s+replicas: 3/)]);
    expect((await run("apply -f -", manifest(2, "example/app:2"))).stdout).toBe("deployment.apps/web configured\n");
    expect(stored().spec!.template.spec.containers).toMatchObject([{ image: "example/app:2", env: [{ name: "A" }] }]);
    expect((await run("apply -f -", manifest(null, "example/app:2"))).code).toBe(0);
    expect(stored().spec!.replicas).toBe(1);
    // kubectl names the namespace from 1.34 on.
    expect((await run("delete -f -", manifest())).stdout).toMatch(
      /^deployment\.apps "web" deleted( from default namespace)?\n$/,
    );
    expect((await run("get deploy web")).stderr).toContain(
      'Error from server (NotFound): deployments.apps "web" not found',
    );
  });

  it("applies on the server side, is told of a conflict, and may force", async () => {
    expect((await run("apply --server-side --field-manager=one -f -", virtualService("1s"))).stdout).toBe(
      "virtualservice.networking.istio.io/web serverside-applied\n",
    );
    const conflict = await run("apply --server-side --field-manager=two -f -", virtualService("2s"));
    expect([conflict.code, conflict.stderr]).toEqual([
      1,
      expect.stringContaining('Apply failed with 1 conflict: conflict with "one": .spec.http'),
    ]);
    expect(
      (await run("apply --server-side --field-manager=two --force-conflicts -f -", virtualService("2s"))).code,
    ).toBe(0);
    expect((await run("get vs web -o jsonpath={.spec.http[0].timeout}")).stdout).toBe("2s");
    // From client-side to server-side: after the first success kubectl hands its own fields over by itself.
    await run("apply -f -", manifest());
    expect((await run("apply --server-side -f -", manifest(5))).stderr).toContain(
      'conflict with "kubectl-client-side-apply" using apps/v1',
    );
    expect((await run("apply --server-side -f -", manifest())).code).toBe(0);
    expect(await run("apply --server-side -f -", manifest(5))).toMatchObject({ code: 0 });
    expect(stored().spec!.replicas).toBe(5);
    expect(JSON.stringify(stored().metadata.managedFields)).not.toContain("client-side");
  });

  it("refuses what is misspelt", async () => {
    const wrong = JSON.parse(JSON.stringify(manifest())) as { spec: Record<string, unknown> };
    wrong.spec["replicsa"] = 1;
    expect((await run("apply -f -", wrong)).stderr).toContain('strict decoding error: unknown field "spec.replicsa"');
    expect((await run("apply --validate=warn -f -", wrong)).stderr).toContain('Warning: unknown field "spec.replicsa"');
  });

  it("prints tables, wide and narrow, yaml, and columns by selector", async () => {
    await run("apply -f -", manifest());
    ready();
    expect((await run("get deploy")).stdout).toMatch(
      /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s\n$/,
    );
    expect((await run("get deploy -A -o wide")).stdout).toMatch(
      /NAMESPACE +NAME .*SELECTOR\ndefault +web .*app +example\/app:1 +app=web\n/,
    );
    expect((await run("get deploy web -o yaml")).stdout).toContain("kind: Deployment");
    createPod("p1");
    expect((await run("get all -l app=web")).stdout).toMatch(/pod\/p1 +0\/1 +Pending +0 +\d+s/);
    expect((await run("get pods --field-selector=status.phase=Running")).stderr).toContain("No resources found");
    expect((await run("get ns default -o name")).stdout).toBe("namespace/default\n");
  });

  it("watches", async () => {
    await run("apply -f -", manifest());
    const watched = await run.until("get deploy -w", (out) => /2\/2 .*\n/.test(out), ready);
    expect(watched).toMatch(/web +0\/2 .*\nweb +2\/2 /);
    const raw = run.until(
      "get deploy -w --output-watch-events -o jsonpath={.type}:{.object.metadata.labels.x}{'\\n'}",
      (out) => out.includes("MODIFIED:y"),
      () => void run("label deploy web x=y"),
    );
    expect(await raw).toContain("ADDED:");
  });

  it("waits, follows a rollout, scales, restarts", async () => {
    await run("apply -f -", manifest());
    const [rollout, wait] = [
      run("rollout status deploy/web --timeout=20s"),
      run("wait --for=condition=Available deploy/web --timeout=20s"),
    ];
    setTimeout(ready, 500);
    expect((await rollout).stdout).toContain('deployment "web" successfully rolled out');
    expect((await wait).stdout).toBe("deployment.apps/web condition met\n");
    expect((await run("scale deploy web --replicas=4")).stdout).toBe("deployment.apps/web scaled\n");
    expect((await run("rollout restart deploy web")).code).toBe(0);
    expect([stored().spec!.replicas, stored().metadata.generation]).toEqual([4, 3]);
    createPod("p");
    const gone = run("wait --for=delete pod/p --timeout=20s");
    setTimeout(() => api.store.delete(kinds.Pod, "default", "p"), 500);
    expect((await gone).code).toBe(0);
  });

  it("labels, annotates, patches, sets, replaces", async () => {
    await run("apply -f -", manifest());
    await run("label deploy web tier=front");
    await run("annotate deploy web note=hello");
    await run("set image deploy/web app=example/app:9");
    await run(
      'patch deploy web -p {"spec":{"template":{"spec":{"containers":[{"name":"app","env":[{"name":"B","value":"2"}]}]}}}}',
    );
    await run('patch deploy web --type=json -p [{"op":"replace","path":"/spec/replicas","value":7}]');
    expect(stored()).toMatchObject({
      metadata: { labels: { tier: "front" }, annotations: { note: "hello" } },
      spec: { replicas: 7 },
    });
    expect(stored().spec!.template.spec.containers).toMatchObject([
      { image: "example/app:9", env: [{ name: "B" }, { name: "A" }] },
    ]);
    expect((await run("replace -f -", manifest(1))).stdout).toBe("deployment.apps/web replaced\n");
    expect((await run("label deploy web tier-")).code).toBe(0);
  });

  it("describes with events, and explains", async () => {
    await run("apply -f -", manifest());
    api.store.create(kinds.Event, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web.1", namespace: "default" },
      type: "Normal",
      reason: "ScalingReplicaSet",
      message: "Scaled up",
      firstTimestamp: new Date().toISOString(),
      lastTimestamp: new Date().toISOString(),
      count: 1,
      source: { component: "deployment-controller" },
      involvedObject: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "web",
        namespace: "default",
        uid: stored().metadata.uid,
      },
    } as never);
    const described = (await run("describe deploy web")).stdout;
    expect(described).toMatch(/Replicas: +2 desired/);
    expect(described).toMatch(/Normal +ScalingReplicaSet .*deployment-controller +Scaled up/);
    expect((await run("get events")).stdout).toMatch(/Normal +ScalingReplicaSet +deployment\/web +Scaled up/);
    expect((await run("explain deploy.spec.strategy.rollingUpdate")).stdout).toContain("maxSurge");
    expect((await run("explain vs.spec.http.retries")).stdout).toMatch(/attempts\s+<integer>/);
  });

  it("reads logs", async () => {
    createPod("p");
    expect((await run("logs p")).stdout).toBe("app line 1\napp line 2\napp line 3\n");
    expect((await run("logs p --tail=1")).stdout).toBe("app line 3\n");
    expect((await run("logs -f p -c app --tail=0")).stdout).toBe("followed\n");
    expect((await run("logs nope")).stderr).toContain('pods "nope" not found');
  });

  it("sends protobuf where it likes to", async () => {
    expect((await run("create configmap c --from-literal=a=b")).stdout).toBe("configmap/c created\n");
    expect((await run("get cm c -o jsonpath={.data.a}")).stdout).toBe("b");
    expect((await run("create deployment made --image=x/y:1 --port=80 --replicas=0")).code).toBe(0);
    expect(api.store.get<Deployment>(kinds.Deployment, "default", "made")).toMatchObject({
      spec: { replicas: 0, template: { spec: { containers: [{ image: "x/y:1", ports: [{ containerPort: 80 }] }] } } },
    });
    expect((await run("auth can-i delete pods")).stdout).toBe("yes\n");
    const denied = await run("auth can-i delete pods --as=system:serviceaccount:default:default");
    expect([denied.code, denied.stdout]).toEqual([1, expect.stringMatching(/^no/)]);
    expect((await run("auth whoami")).stdout).toContain("admin");
    expect((await run("create token default")).stdout.split(".")).toHaveLength(3);
  });

  it("makes and empties a namespace", async () => {
    expect((await run("create namespace shop")).stdout).toBe("namespace/shop created\n");
    await run("create configmap c -n shop");
    expect((await run("delete namespace shop")).stdout).toBe('namespace "shop" deleted\n');
    expect((await run("get cm -n shop")).stderr).toContain("No resources found in shop namespace.");
  });

  it("lists in chunks", async () => {
    for (let index = 0; index < 7; index++)
      api.store.create(kinds.ConfigMap, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `c${index}`, namespace: "default" },
      });
    expect((await run("get cm --chunk-size=2 -o name")).stdout.trim().split("\n")).toHaveLength(7);
    expect((await run("delete cm --all")).stdout.trim().split("\n")).toHaveLength(7);
  });
});
