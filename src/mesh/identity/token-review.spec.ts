import { expect, test } from "vitest";
import { cachedReview, identityOf } from "./token-review.ts";

const user = {
  username: "system:serviceaccount:money:checkout",
  extra: { "authentication.kubernetes.io/pod-name": ["checkout-1"], "authentication.kubernetes.io/pod-uid": ["u1"] },
};
const identity = { namespace: "money", serviceAccount: "checkout", podName: "checkout-1", podUid: "u1" };

test("only an authenticated token that is bound to a pod proves an identity", () => {
  expect(identityOf({ authenticated: true, user })).toEqual(identity);
  expect(identityOf({ authenticated: false, user })).toBeUndefined();
  expect(identityOf({ authenticated: true, user: { username: user.username } })).toBeUndefined();
  expect(identityOf({ authenticated: true, user: { ...user, username: "admin" } })).toBeUndefined();
  expect(identityOf(undefined)).toBeUndefined();
});

test("good answers are kept for a while; refusals and failures aren't", async () => {
  let now = 0;
  const asked: string[] = [];
  const review = cachedReview(
    async (token) => {
      asked.push(token);
      if (token === "broken") throw new Error("unreachable");
      return token === "good" ? identity : undefined;
    },
    { ttlMs: 100, now: () => now, known: () => true },
  );
  expect(await Promise.all([review("good"), review("good")])).toEqual([identity, identity]);
  expect(await review("bad")).toBeUndefined();
  expect(await review("bad")).toBeUndefined();
  await expect(review("broken")).rejects.toThrow("unreachable");
  await expect(review("broken")).rejects.toThrow("unreachable");
  now = 99;
  await review("good");
  expect(asked).toEqual(["good", "bad", "bad", "broken", "broken"]);
  now = 100;
  await review("good");
  expect(asked.slice(5)).toEqual(["good"]);
});

test("a kept answer no longer counts when its pod is gone", async () => {
  let there = true;
  const review = cachedReview(async () => (there ? identity : undefined), {
    ttlMs: 100,
    now: () => 0,
    known: () => there,
  });
  expect(await review("good")).toEqual(identity);
  there = false;
  expect(await review("good")).toBeUndefined();
});
