import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, signedIn } from "./support/browser.ts";
import { canary, deploy, established, startCanaries } from "./support/canary.ts";
import type { World } from "./support/world.ts";

let world: World;
let browser: Browser;
const many = Array.from({ length: 50 }, (_, index) => `c${String(index + 1).padStart(2, "0")}`);
const shot = process.env.QUIPU_SHOTS;

beforeAll(async () => {
  [world, browser] = await Promise.all([startCanaries(["bogota", ...many.slice(1)]), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test("nothing under way: what to do next, in a command that can be copied", async () => {
  const { page, errors } = await signedIn(browser, world);
  await page.goto(`${world.url}/`);
  await page.getByRole("heading", { name: "No release is under way" }).waitFor();
  await page.getByRole("button", { name: "Copy npx quipu deploy APP --from DIR" }).waitFor();
  await page.getByRole("link", { name: /^Wait for a person/ }).click();
  await page.getByRole("heading", { name: "Nothing waits for a person" }).waitFor();
  expect(errors).toEqual([]);
});

test("with 50 clusters a release folds by wave, and a wave unfolds; the choice stands in the URL", async () => {
  await established(world, "catalog", canary({ hold: "1h" }));
  await deploy(world, "catalog", "2");
  const { page, errors } = await signedIn(browser, world, { path: "/apps/catalog/releases/2", height: 1100 });
  const quipu = page.getByRole("region", { name: "Release 2 as a quipu" });
  await quipu.getByText("49 clusters", { exact: true }).waitFor();
  expect(await quipu.locator("li.cord").count()).toBe(1);
  if (shot !== undefined) await page.screenshot({ path: `${shot}/folded-light.png` });
  await quipu.getByRole("region", { name: /^rest/ }).getByRole("button", { name: "Unfold" }).click();
  await page.waitForURL("**?open=2");
  expect(await quipu.locator("li.cord.narrow").count()).toBe(49);
  await page.locator('[data-cluster="c20"]').click();
  await page.getByRole("region", { name: "c20", exact: true }).waitFor();
  if (shot !== undefined) await page.screenshot({ path: `${shot}/unfolded-light.png` });
  expect(errors).toEqual([]);
});

test("under way, taken back, filtered by segment; the row leads to the release by keyboard", async () => {
  const waves = [{ name: "canary", clusters: { matchLabels: { market: "bo" } } }, { name: "rest" }];
  await established(world, "orders", {
    ...canary({ hold: "1h", waves }),
    segment: "shop",
    team: "aji",
  });
  await deploy(world, "orders", "2-stuck");
  const { page, errors } = await signedIn(browser, world, { path: "/apps" });
  const row = (name: RegExp) => page.getByRole("row", { name });
  // Keys are heard when the page stands.
  await row(/catalog/).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await row(/catalog/)
    .getByText("5", { exact: true })
    .waitFor();
  await page.getByRole("link", { name: /^Taken back/ }).click();
  await row(/orders/).waitFor();
  expect(await row(/orders/).textContent()).toContain("CrashLoopBackOff");
  if (shot !== undefined) await page.screenshot({ path: `${shot}/failed-list-light.png` });
  await page.getByLabel("Segment").selectOption("food");
  await page.waitForURL("**/?state=failed&segment=food");
  await page.getByRole("heading", { name: "No release matches" }).waitFor();
  await page.goto(`${world.url}/?segment=food`);
  await row(/catalog/).waitFor();
  if (shot !== undefined) await page.screenshot({ path: `${shot}/overview-light.png` });
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/apps/catalog/releases/2");
  expect(errors).toEqual([]);
});

test("the app's page: the running release on top, the history below, each leads to its release; charts tell of marks", async () => {
  const { page } = await signedIn(browser, world, { path: "/apps/catalog", height: 1200 });
  const running = page.getByRole("region", { name: "Release 2, under way" });
  await running.getByText("5 %").waitFor();
  // However long the sentence that says why it waits, it makes the page no wider than its window.
  await page.setViewportSize({ width: 1000, height: 1200 });
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(1000);
  await page.setViewportSize({ width: 1360, height: 1200 });
  await page
    .locator(".marks")
    .getByRole("link", { name: /release 2/ })
    .waitFor();
  const history = page.getByRole("region", { name: "Releases" });
  expect(await history.getByRole("listitem").count()).toBe(2);
  if (shot !== undefined) await page.screenshot({ path: `${shot}/app-light.png` });
  await history.getByRole("link", { name: /finished/ }).click();
  await page.waitForURL("**/apps/catalog/releases/1");
});

test("the server is gone: what is shown says how old it is, and catches up", async () => {
  const { page, context } = await signedIn(browser, world, { path: "/apps/catalog/releases/2" });
  await page.locator(".bar output", { hasText: "live" }).waitFor();
  await page.getByRole("heading", { name: "Release 2" }).waitFor();
  let gone = true;
  await context.route("**/api/**", (route) => (gone ? route.abort() : route.continue()));
  world.app.server.closeAllConnections();
  await page
    .locator(".stale-note")
    .getByText(/What you see is as of/)
    .waitFor();
  expect(await page.getByRole("heading", { name: "Release 2" }).count()).toBe(1);
  gone = false;
  await page.locator(".stale-note").waitFor({ state: "detached" });
});

test("signed out meanwhile: back to the sign-in, and then to where one was", async () => {
  const { page, context } = await signedIn(browser, world, { path: "/apps/catalog/releases/2" });
  await page.getByRole("heading", { name: "Release 2" }).waitFor();
  await context.clearCookies();
  await page.waitForURL(/\/login\?next=%2Fapps%2Fcatalog%2Freleases%2F2$/);
});
