import { describe, expect, it } from "vitest";
import { encodedFields, fieldsOfMessage, isMessage, messageOf } from "./field-types.ts";
import { kinds } from "./kinds.ts";
import { mergeRule, type MergeRule } from "./merge-keys.ts";

describe("the field table", () => {
  it.each(Object.values(kinds).map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))(
    "has %s, and the fields that its merge rules name",
    (_name, kind) => {
      const message = messageOf(kind.apiVersion, kind.kind);
      expect(message, "run src/objects/generate-field-table.ts after adding a kind").toBeDefined();
      const check = (rule: MergeRule, type: string): void => {
        for (const [field, inner] of Object.entries(rule.fields ?? {})) {
          const found = fieldsOfMessage(type).get(field);
          expect(found, `${type}.${field}`).toBeDefined();
          if ((inner.keys ?? inner.set ?? inner.patchKey) !== undefined)
            expect(found!.shape, `${type}.${field}`).toBe("list");
          for (const key of inner.keys ?? [])
            expect(fieldsOfMessage(found!.type).has(key), `${type}.${field}[${key}]`).toBe(true);
          if (isMessage(found!.type)) check(inner, found!.type);
        }
      };
      check(mergeRule(kind), message!);
    },
  );

  it("gives inlined fields to the message around them, and keeps them apart in the encoding", () => {
    expect(fieldsOfMessage("core.v1.Probe").get("httpGet")?.type).toBe("core.v1.HTTPGetAction");
    expect(encodedFields("core.v1.Probe").get("handler")).toMatchObject({ number: 1, inline: true });
    expect(fieldsOfMessage("core.v1.SecretKeySelector").has("name")).toBe(true);
  });

  it("reads shapes, enumerations, pointers and wrapped lists", () => {
    expect(fieldsOfMessage("apps.v1.DeploymentSpec").get("replicas")).toMatchObject({
      number: 1,
      type: "integer",
      pointer: true,
      shape: "one",
    });
    expect(fieldsOfMessage("core.v1.Secret").get("data")).toMatchObject({ shape: "map", type: "bytes" });
    expect(fieldsOfMessage("authentication.v1.UserInfo").get("extra")).toMatchObject({
      shape: "map",
      type: "string",
      wrapped: true,
    });
    expect(fieldsOfMessage("security.v1.PeerAuthentication.spec.mtls").get("mode")?.enum).toContain("STRICT");
  });
});
