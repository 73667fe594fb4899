import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, signedIn } from "./support/browser.ts";
import { seedManyApps, seedSegmentsAndTeams } from "./support/seed.ts";
import { startWorld, type World } from "./support/world.ts";

const many = 1500;
let world: World;
let empty: World;
let browser: Browser;
beforeAll(async () => {
  [world, empty, browser] = await Promise.all([startWorld(), startWorld(), launch()]);
  await seedSegmentsAndTeams(world);
  await seedManyApps(world, many);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([world?.close(), empty?.close()]);
});

const names = (page: Page) => page.locator("tbody a.name").allTextContents();
const total = (page: Page, text: string) => page.locator(".head output", { hasText: text }).waitFor();

test("1,500 apps: a table as long as all of them, of which only the rows in sight exist", async () => {
  const { page, errors } = await signedIn(browser, world);
  await total(page, "1,500");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  expect(await page.locator("tbody tr").count()).toBeLessThan(80);
  const height = await page.evaluate<number>("document.documentElement.scrollHeight");
  expect(height).toBeGreaterThan(many * 34);
  await page.evaluate("window.scrollTo(0, 1500 * 34)");
  await page.getByRole("link", { name: "tracking-1496" }).waitFor();
  expect(await page.locator("tbody tr").count()).toBeLessThan(80);
  expect(await page.evaluate<number>("document.documentElement.scrollHeight")).toBe(height);
  expect(asked.filter((url) => url.includes("continue=")).length).toBe(14);
  expect(errors).toEqual([]);
});

test("filters and order are the server's work, and the URL's", async () => {
  const { page } = await signedIn(browser, world);
  await total(page, "1,500");
  await page.getByLabel("Team").selectOption("cacao");
  await page.waitForURL("**/apps?team=cacao");
  await total(page, "250 found");
  await page.getByLabel("Search apps").fill("orders");
  await page.waitForURL(/q=orders/);
  await total(page, "50 found");
  await page.getByRole("columnheader", { name: "App" }).getByRole("link").click();
  await page.waitForURL(/sort=-name/);
  await expect.poll(async () => (await names(page))[0]).toBe("orders-1471");
  expect(await page.getByRole("columnheader", { name: "App" }).getAttribute("aria-sort")).toBe("descending");
  const shown = await names(page);
  await page.reload();
  await total(page, "50 found");
  expect(await names(page)).toEqual(shown);
  expect(await page.getByLabel("Search apps").inputValue()).toBe("orders");
  await page.getByRole("button", { name: "Clear" }).click();
  await total(page, "1,500");
});

test("the keyboard does it all", async () => {
  const { page } = await signedIn(browser, world);
  await total(page, "1,500");
  await page.keyboard.press("/");
  await page.keyboard.type("menus-0008");
  await total(page, "1 found");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  expect(await page.locator("tr[aria-selected=true] a.name").textContent()).toBe("menus-0008");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/apps/menus-0008");
  await page.goBack();
  await total(page, "1 found");
  await page.keyboard.press("Escape");
  await total(page, "1,500");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  expect(await page.locator("tr[aria-selected=true] a.name").textContent()).toBe("catalog-0000");
  await page.keyboard.press("?");
  expect(await page.getByRole("dialog").textContent()).toContain("Next, previous row");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.waitForURL("**/clusters");
});

test("nothing found, and nothing there, say what to do next", async () => {
  const { page } = await signedIn(browser, world, { path: "/apps?q=nothing-like-it" });
  await page.getByRole("heading", { name: "No app matches" }).waitFor();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await total(page, "1,500");

  const fresh = (await signedIn(browser, empty)).page;
  await fresh.getByRole("heading", { name: "No apps yet" }).waitFor();
  await fresh.getByRole("button", { name: /^Copy/ }).click();
  expect(await fresh.evaluate("navigator.clipboard.readText()")).toBe("npx quipu apply -f app.yaml");
});

test("a problem of the API is shown with its code, and can be tried again", async () => {
  const { page } = await signedIn(browser, world, { path: "/clusters" });
  let broken = true;
  await page.route("**/api/v1/apps?*", (route) =>
    broken
      ? route.fulfill({
          status: 400,
          contentType: "application/problem+json",
          body: JSON.stringify({
            title: "Bad request",
            status: 400,
            code: "bad-request",
            detail: "It was too much.",
            field: "limit",
            accepted: "at most 500",
          }),
        })
      : route.continue(),
  );
  await page.getByRole("link", { name: "Apps", exact: true }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  for (const text of ["Bad request", "It was too much.", "bad-request", "field limit", "at most 500"])
    expect(await alert.textContent()).toContain(text);
  broken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await total(page, "1,500");
});

test("an app that is declared meanwhile appears by itself", async () => {
  const { page } = await signedIn(browser, empty);
  await page.getByRole("heading", { name: "No apps yet" }).waitFor();
  await page.locator(".bar output", { hasText: "live" }).waitFor();
  await empty.send("PUT", "/api/v1/apps/newcomer", {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name: "newcomer" },
    spec: { team: "aji", segment: "shop" },
  });
  await page.getByRole("link", { name: "newcomer" }).waitFor();
});
