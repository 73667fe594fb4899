import { describe, expect, it } from "vitest";
import type { Deployment, ReplicaSet } from "../../objects/core.ts";
import { reconcileDeployment, revisionAnnotation } from "./deployment.ts";
import { findCondition } from "./pod-state.ts";

const now = Date.parse("2026-01-02T03:04:05Z");

function deployment(
  image: string,
  spec: Partial<NonNullable<Deployment["spec"]>> = {},
  rest: Partial<Deployment> = {},
): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", uid: "d1", generation: 1 },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } },
      ...spec,
    },
    ...rest,
  };
}
/** What a Deployment creates, as the store would hold it some time later. */
function created(owner: Deployment, replicas: number, available = replicas): ReplicaSet {
  const set = reconcileDeployment(owner, [], now).create;
  if (set?.spec === undefined) throw new Error("nothing was created");
  return {
    ...set,
    metadata: { ...set.metadata, uid: set.metadata.name, creationTimestamp: "2026-01-02T03:00:00Z" },
    spec: { ...set.spec, replicas },
    status: { replicas, readyReplicas: available, availableReplicas: available },
  };
}

describe("reconcileDeployment", () => {
  it("creates a ReplicaSet of the whole size, owned, with the template's hash in selector and labels", () => {
    const { create, revisionNumber } = reconcileDeployment(deployment("a:1"), [], now);
    const hash = create?.metadata.labels?.["pod-template-hash"];
    expect(create).toMatchObject({
      metadata: {
        name: `web-${hash}`,
        namespace: "shop",
        annotations: { [revisionAnnotation]: "1" },
        ownerReferences: [{ kind: "Deployment", uid: "d1", controller: true }],
      },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web", "pod-template-hash": hash } },
        template: { metadata: { labels: { app: "web", "pod-template-hash": hash } } },
      },
    });
    expect(revisionNumber).toBe("1");
  });

  it("does nothing when all is as wished", () => {
    const plan = reconcileDeployment(deployment("a:1"), [created(deployment("a:1"), 2)], now);
    expect([plan.create, plan.scale.size, plan.revision.size, plan.remove]).toEqual([undefined, 0, 0, []]);
  });

  it("scales without a rollout", () => {
    const set = created(deployment("a:1"), 2);
    expect([...reconcileDeployment(deployment("a:1", { replicas: 5 }), [set], now).scale]).toEqual([
      [set.metadata.name, 5],
    ]);
  });

  it("gives an old template that comes back the newest revision", () => {
    const first = created(deployment("a:1"), 0);
    const second = {
      ...created(deployment("a:2"), 2),
      metadata: { ...created(deployment("a:2"), 2).metadata, annotations: { [revisionAnnotation]: "2" } },
    };
    const plan = reconcileDeployment(deployment("a:1"), [first, second], now);
    expect([...plan.revision]).toEqual([[first.metadata.name, "3"]]);
    expect(plan.create).toBeUndefined();
  });

  it("Recreate waits until no old pod is left, terminating ones included", () => {
    const old = created(deployment("a:1"), 2);
    const next = deployment("a:2", { strategy: { type: "Recreate" } });
    const first = reconcileDeployment(next, [old], now);
    expect([first.create?.spec?.replicas, ...first.scale]).toEqual([0, [old.metadata.name, 0]]);
    const set = created(next, 0);
    const going = { ...old, spec: { ...old.spec!, replicas: 0 }, status: { replicas: 0, terminatingReplicas: 1 } };
    expect(reconcileDeployment(next, [going, set], now).scale.size).toBe(0);
    const gone = { ...going, status: { replicas: 0, terminatingReplicas: 0 } };
    expect([...reconcileDeployment(next, [gone, set], now).scale]).toEqual([[set.metadata.name, 2]]);
  });

  it("a paused one starts no rollout", () => {
    const plan = reconcileDeployment(deployment("a:2", { paused: true }), [created(deployment("a:1"), 2)], now);
    expect([plan.create, plan.scale.size]).toEqual([undefined, 0]);
    expect(findCondition(plan.status.conditions, "Progressing")?.reason).toBe("DeploymentPaused");
  });

  it("forgets empty ReplicaSets beyond the history limit, the oldest first", () => {
    const sets = [1, 2, 3].map((n) => {
      const set = created(deployment(`a:${n}`), 0);
      return { ...set, metadata: { ...set.metadata, annotations: { [revisionAnnotation]: String(n) } } };
    });
    const plan = reconcileDeployment(
      deployment("a:9", { revisionHistoryLimit: 1 }),
      [...sets, created(deployment("a:9"), 2)],
      now,
    );
    expect(plan.remove).toEqual([sets[0]?.metadata.name, sets[1]?.metadata.name]);
  });
});

describe("status", () => {
  const steps = (owner: Deployment, sets: ReplicaSet[], at: number): Deployment => ({
    ...owner,
    status: reconcileDeployment(owner, sets, at).status,
  });
  const condition = (owner: Deployment, type: string) => {
    const found = findCondition(owner.status?.conditions, type);
    return [found?.status, found?.reason];
  };

  it("goes from progressing to complete, and back-dates nothing", () => {
    let owner = steps(deployment("a:1"), [], now);
    expect(condition(owner, "Progressing")).toEqual(["True", "NewReplicaSetCreated"]);
    expect(condition(owner, "Available")).toEqual(["False", "MinimumReplicasUnavailable"]);
    owner = steps(owner, [created(deployment("a:1"), 2, 1)], now + 1000);
    expect(condition(owner, "Progressing")).toEqual(["True", "ReplicaSetUpdated"]);
    owner = steps(owner, [created(deployment("a:1"), 2, 2)], now + 2000);
    expect(condition(owner, "Progressing")).toEqual(["True", "NewReplicaSetAvailable"]);
    expect(condition(owner, "Available")).toEqual(["True", "MinimumReplicasAvailable"]);
    expect(owner.status).toMatchObject({
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      unavailableReplicas: 0,
      observedGeneration: 1,
    });
    expect(findCondition(owner.status?.conditions, "Progressing")?.lastTransitionTime).toBe("2026-01-02T03:04:05Z");
    // Settled: the same again changes nothing.
    expect(steps(owner, [created(deployment("a:1"), 2, 2)], now + 60_000).status).toEqual(owner.status);
  });

  it("exceeds its deadline when nothing moves, says when to look, and recovers", () => {
    let owner = steps(deployment("a:1", { progressDeadlineSeconds: 10 }), [], now);
    const stuck = [created(deployment("a:1"), 2, 0)];
    owner = steps(owner, stuck, now + 100);
    owner = steps(owner, stuck, now + 200);
    expect(reconcileDeployment(owner, stuck, now + 5000).requeueMs).toBeLessThanOrEqual(11_000);
    owner = steps(owner, stuck, now + 15_000);
    expect(condition(owner, "Progressing")).toEqual(["False", "ProgressDeadlineExceeded"]);
    owner = steps(owner, stuck, now + 60_000);
    expect(condition(owner, "Progressing")).toEqual(["False", "ProgressDeadlineExceeded"]);
    owner = steps(owner, [created(deployment("a:1"), 2, 2)], now + 61_000);
    expect(condition(owner, "Progressing")).toEqual(["True", "NewReplicaSetAvailable"]);
  });

  it("a finished rollout that loses pods isn't a failed rollout", () => {
    let owner = steps(deployment("a:1"), [], now);
    owner = steps(owner, [created(deployment("a:1"), 2, 2)], now + 1000);
    owner = steps(owner, [created(deployment("a:1"), 2, 0)], now + 10_000_000);
    expect(condition(owner, "Progressing")).toEqual(["True", "NewReplicaSetAvailable"]);
    expect(condition(owner, "Available")).toEqual(["False", "MinimumReplicasUnavailable"]);
  });
});
