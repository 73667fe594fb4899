import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Deployment } from "../../objects/core.ts";
import { kinds } from "../../objects/kinds.ts";
import { mergeRule } from "../../objects/merge-keys.ts";
import type { KubeObject } from "../../objects/meta.ts";
import type { ApiError } from "./api-error.ts";
import { emptySet, intersection, parseFieldsV1, paths, union } from "./field-set.ts";
import { compare, fieldsOf } from "./field-walk.ts";
import { ownable } from "./managed-fields.ts";
import { deployment, newStore } from "./testing.ts";

const fieldsOwnedBy = (object: KubeObject, manager: string): string[] =>
  object.metadata.managedFields
    ?.filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 }) => paths(parseFieldsV1(fieldsV1))) ?? [];

describe("server-side apply, for any sequence", () => {
  const managers = ["one", "two", "three"] as const;
  const env = fc.uniqueArray(
    fc.record({ name: fc.constantFrom("A", "B", "C", "D"), value: fc.constantFrom("1", "2") }),
    { selector: ({ name }) => name, maxLength: 4 },
  );
  const containers = fc.uniqueArray(
    fc.record(
      { name: fc.constantFrom("app", "side", "log"), image: fc.constantFrom("a:1", "a:2"), env },
      { requiredKeys: ["name", "image"] },
    ),
    { selector: ({ name }) => name, minLength: 1, maxLength: 3 },
  );
  const config = fc.record({
    containers,
    labels: fc.dictionary(fc.constantFrom("x", "y", "z"), fc.constantFrom("1", "2"), { maxKeys: 3 }),
  });
  const steps = fc.array(fc.record({ manager: fc.constantFrom(...managers), force: fc.boolean(), config }), {
    minLength: 1,
    maxLength: 12,
  });
  const build = ({
    containers: list,
    labels,
  }: {
    containers: unknown[];
    labels: Record<string, string>;
  }): Deployment => {
    const base = deployment("web");
    return {
      ...base,
      metadata: { ...base.metadata, labels },
      spec: { ...base.spec!, template: { ...base.spec!.template, spec: { containers: list as never } } },
    };
  };

  it("holds what each applier last asked for, unless it was taken over; owns nothing that isn't there; keeps nothing that nobody owns", () => {
    const rule = mergeRule(kinds.Deployment);
    let conflicts = 0;
    fc.assert(
      fc.property(steps, (sequence) => {
        const store = newStore();
        for (const { manager, force, config: values } of sequence) {
          const wanted = build(values);
          const before = store.get(kinds.Deployment, "default", "web");
          let after: Deployment;
          try {
            after = store.apply(kinds.Deployment, wanted, { manager, force });
          } catch (error) {
            expect(store.get(kinds.Deployment, "default", "web")).toBe(before);
            // Who took an image by force may drop it while the container has another owner: what is left is invalid, as on a real cluster.
            if ((error as ApiError).code === 422) {
              expect((error as ApiError).details?.causes?.every(({ field }) => field?.endsWith(".image"))).toBe(true);
              continue;
            }
            // Else only a conflict may refuse, and never with force.
            expect(error).toMatchObject({
              code: 409,
              details: {
                causes: expect.arrayContaining([expect.objectContaining({ reason: "FieldManagerConflict" })]),
              },
            });
            expect(force).toBe(false);
            conflicts++;
            continue;
          }
          // What was applied is there, and is owned by who applied it.
          const applied = paths(ownable(fieldsOf(wanted, rule)));
          expect(fieldsOwnedBy(after, manager)).toEqual(applied);
          for (const container of wanted.spec!.template.spec.containers)
            expect(after.spec!.template.spec.containers).toContainEqual(
              expect.objectContaining({ name: container.name, image: container.image }),
            );
          expect(after.metadata.labels ?? {}).toMatchObject(wanted.metadata.labels!);
          // Nobody owns what isn't there.
          const present = union(fieldsOf(after, rule), compare({}, after, rule).added);
          const owned = after.metadata
            .managedFields!.map(({ fieldsV1 }) => parseFieldsV1(fieldsV1))
            .reduce(union, emptySet);
          for (const path of paths(owned))
            if (!paths(intersection(owned, present)).includes(path)) expect.unreachable(`${path} is owned and absent`);
          // Labels, containers and environment have no defaults: each that is there has an owner.
          const ownedPaths = new Set(paths(owned));
          for (const path of paths(present))
            if (
              /^\.metadata\.labels\.|\.env\[name="\w"\]$|containers\[name="\w+"\]$/.test(path) &&
              !ownedPaths.has(path)
            )
              expect.unreachable(`${path} is there and nobody's`);
          // Applying it again changes nothing.
          expect(store.apply(kinds.Deployment, wanted, { manager }).metadata.resourceVersion).toBe(
            after.metadata.resourceVersion,
          );
        }
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(conflicts).toBeGreaterThan(20);
  }, 60_000);
});
