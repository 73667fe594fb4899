import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, signedIn } from "./support/browser.ts";
import { canary, deploy, established, startCanaries } from "./support/canary.ts";
import type { World } from "./support/world.ts";

let world: World;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([startCanaries(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const shot = process.env.QUIPU_SHOTS;

test("a canary, live: waves, cords, weights asked and actual, verdicts with figures, to its end without a reload", async () => {
  const steps = [
    { weight: 5, hold: "1s" },
    { weight: 25, hold: "7s" },
    { weight: 50, hold: "1s" },
  ];
  await established(world, "catalog", canary({ steps }));
  await deploy(world, "catalog", "2");
  const { page, errors } = await signedIn(browser, world, { path: "/apps/catalog/releases/2", height: 1300 });
  const quipu = page.getByRole("region", { name: "Release 2 as a quipu" });
  const first = quipu.getByRole("region", { name: /^canary/ });
  await first.getByText("gets 25").waitFor();
  const place = await quipu.boundingBox();
  expect(
    await quipu
      .getByRole("region", { name: /^rest: waiting/ })
      .getByRole("button")
      .count(),
  ).toBe(3);
  const panel = page.getByRole("region", { name: "bogota" });
  const brought = panel.getByRole("row", { name: /r2 new/ });
  await expect
    .poll(async () => (await brought.getByRole("cell").allTextContents()).slice(1, 3).map(Number))
    .toEqual([25, 25]);
  expect(await brought.textContent()).toMatch(/[1-4] \/ [1-4]/);
  await panel
    .getByText(/0 of \d+ requests to the new revision failed/)
    .first()
    .waitFor();
  const waits = page.getByRole("region", { name: "Waits for" });
  expect(await waits.textContent()).toMatch(/Waits for the verdict.*in (now|0:0\d)/);
  if (shot !== undefined) await page.screenshot({ path: `${shot}/canary-light.png` });
  await page.locator(".app-head").getByText("finished").waitFor();
  expect(await quipu.locator(".labels li:not(.done)").count()).toBe(0);
  expect(await page.getByRole("region", { name: "Events" }).textContent()).toContain("finished");
  expect((await quipu.boundingBox())!.height).toBe(place!.height);
  expect(errors).toEqual([]);
});

test("a bad version: red where it was taken back, the reason with its figures, and retry", async () => {
  await established(world, "orders", canary());
  await deploy(world, "orders", "2-bad");
  const { page, errors } = await signedIn(browser, world, {
    path: "/apps/orders/releases/2",
    theme: "dark",
    height: 1300,
  });
  await page.locator(".app-head").getByText("failed").waitFor();
  const quipu = page.getByRole("region", { name: "Release 2 as a quipu" });
  expect(
    await quipu
      .getByRole("region", { name: /^canary: taken back/ })
      .locator("li.undone")
      .count(),
  ).toBeGreaterThan(2);
  expect(
    await quipu
      .getByRole("region", { name: /^canary/ })
      .locator(".knot.undone .cross")
      .count(),
  ).toBeGreaterThan(2);
  expect(await page.locator(".waits").textContent()).toMatch(/Taken back.*bogota: .*failed/);
  if (shot !== undefined) await page.screenshot({ path: `${shot}/failed-dark.png` });
  const abort = page.getByRole("button", { name: "Abort" });
  expect(await abort.getAttribute("aria-disabled")).toBe("true");
  expect(await abort.getAttribute("title")).toBe("Abort: it has ended: failed");
  expect(await abort.getAttribute("aria-describedby")).toBeTruthy();
  await page.getByRole("button", { name: "Retry" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Why/).fill("the database is back");
  await dialog.getByRole("button", { name: "Retry" }).click();
  await page.waitForURL("**/apps/orders/releases/3");
  await page.getByRole("heading", { name: "Release 3" }).waitFor();
  await page.getByText("retry by admin").waitFor();
  expect(await page.locator(".facts").textContent()).toContain("the database is back");
  await page.locator(".app-head").getByText("failed").waitFor();
  expect(errors).toEqual([]);
});

test("paused by a person, with the reason; resumed; promoted; aborted; undone", async () => {
  await established(world, "pricing", canary({ hold: "1h" }));
  await deploy(world, "pricing", "2");
  const { page, errors } = await signedIn(browser, world, {
    path: "/apps/pricing/releases/2",
    theme: "dark",
    height: 1300,
  });
  const say = async (command: string, why = "") => {
    await page.locator(".commands").getByRole("button", { name: command }).click();
    const dialog = page.getByRole("dialog");
    if (why !== "") await dialog.getByLabel(/^Why/).fill(why);
    await dialog.getByRole("button", { name: command }).click();
    await dialog.waitFor({ state: "detached" });
  };
  await page.locator(".weights", { hasText: "5 %" }).waitFor();
  await say("Pause", "a match is on");
  await page.locator(".app-head").getByText("paused").waitFor();
  await page.locator(".waits").getByText("paused by admin: a match is on").waitFor();
  expect(await page.getByRole("button", { name: "Pause" }).getAttribute("title")).toBe(
    "Pause: admin paused it already",
  );
  if (shot !== undefined) await page.screenshot({ path: `${shot}/paused-dark.png` });

  const overview = await signedIn(browser, world, { path: "/?state=person" });
  const row = overview.page.getByRole("row", { name: /pricing/ });
  await row.getByText("a person:").waitFor();
  expect(await row.textContent()).toContain("paused by admin: a match is on");
  await overview.context.close();

  await say("Resume");
  await page.locator(".app-head").getByText("progressing").waitFor();
  await say("Promote");
  await page.locator(".weights", { hasText: "25 %" }).waitFor();
  await say("Abort", "wrong version");
  await page.locator(".app-head").getByText("failed").waitFor();
  expect(await page.locator(".waits").textContent()).toContain("wrong version");
  expect(await page.getByRole("region", { name: "Events" }).textContent()).toContain("abort by admin: wrong version");
  expect(errors).toEqual([]);
});

test("undo of what is in force makes a new release of the one before", async () => {
  await established(world, "menus", canary({ hold: "1s" }));
  await deploy(world, "menus", "2");
  const { page } = await signedIn(browser, world, { path: "/apps/menus/releases/2" });
  await page.locator(".app-head").getByText("finished").waitFor();
  const undo = page.getByRole("button", { name: "Undo" });
  await expect.poll(() => undo.getAttribute("aria-disabled")).toBe("false");
  await undo.click();
  await page
    .getByRole("dialog")
    .getByText(/of release 1/)
    .waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
  await page.waitForURL("**/apps/menus/releases/3");
  await page.getByText("undo by admin").waitFor();
});

test("a command that is refused meanwhile says why and stays in sight", async () => {
  await established(world, "ratings", canary({ hold: "1h" }));
  await deploy(world, "ratings", "2");
  const { page } = await signedIn(browser, world, { path: "/apps/ratings/releases/2" });
  await page.locator(".weights", { hasText: "5 %" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  const dialog = page.getByRole("dialog");
  await world.send("POST", "/api/v1/apps/ratings/releases/2/pause");
  await dialog.getByRole("button", { name: "Pause" }).click();
  await dialog.getByRole("alert").waitFor();
  expect(await dialog.getByRole("alert").textContent()).toMatch(
    /can't be told to pause: admin paused it already.*not-now/s,
  );
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("by keyboard: cords with arrows, the choice in the URL; Escape leads to the app", async () => {
  const { page } = await signedIn(browser, world, { path: "/apps/catalog/releases/2" });
  await page.getByRole("region", { name: "bogota" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.waitForURL("**/releases/2?cluster=lima");
  await page.getByRole("region", { name: "lima", exact: true }).waitFor();
  await page.reload();
  expect(await page.locator('[data-cluster="lima"]').getAttribute("aria-pressed")).toBe("true");
  await page.locator('[data-cluster="quito"]').focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**?cluster=quito");
  await page.keyboard.press("Escape");
  await page.waitForURL("**/apps/catalog");
});

test("a release that isn't there, and one of an app that isn't there", async () => {
  for (const path of ["/apps/catalog/releases/99", "/apps/nope/releases/1"]) {
    const { page } = await signedIn(browser, world, { path });
    await page.getByRole("heading", { name: /^There is no release/ }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.context().close();
  }
});
