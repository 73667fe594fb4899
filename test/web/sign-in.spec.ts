import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, newPage } from "./support/browser.ts";
import { startWorld, type World } from "./support/world.ts";

let world: World;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test("a link signs in once, and its token leaves the address", async () => {
  const link = await world.signInLink();
  const { page } = await newPage(browser);
  await page.goto(link);
  await page.waitForURL(`${world.url}/`);
  expect(page.url()).toBe(`${world.url}/`);
  expect(await page.textContent("header")).toContain("admin");

  const other = (await newPage(browser)).page;
  await other.goto(link);
  await other.getByRole("alert").waitFor();
  expect(await other.textContent("[role=alert]")).toContain("used already");
  expect(other.url()).not.toContain("token");
});

test("whoever isn't signed in comes back to where they wanted to go, by token", async () => {
  const { page } = await newPage(browser);
  await page.goto(`${world.url}/clusters`);
  await page.waitForURL(/\/login\?next=%2Fclusters$/);
  const button = page.getByRole("button", { name: "Sign in" });
  expect(await button.getAttribute("aria-disabled")).toBe("true");
  expect(await button.getAttribute("title")).toBe("Type a token first");
  await page.getByLabel("Or with a token").fill("wrong");
  await button.click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Or with a token").fill("admin-secret");
  await button.click();
  await page.waitForURL("**/clusters");
  await page.getByRole("link", { name: "bogota" }).waitFor();
});

test("the command for a link can be copied", async () => {
  const { page } = await newPage(browser);
  await page.goto(`${world.url}/login`);
  await page.getByRole("button", { name: /^Copy/ }).click();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("npx quipu login --link");
});

test("after signing out nothing is shown", async () => {
  const { page } = await newPage(browser);
  await page.goto(await world.signInLink());
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL("**/login");
  await page.goto(`${world.url}/apps`);
  await page.waitForURL(/\/login\?next=%2Fapps$/);
});

test("a browser on a system without a locale shows the pages too", async () => {
  const { page, errors } = await newPage(browser, { locale: "system" });
  await page.goto(await world.signInLink());
  await page.waitForURL(`${world.url}/`);
  await page.goto(`${world.url}/apps`);
  await page.getByRole("heading", { name: "Apps", exact: true }).waitFor();
  expect(errors.filter((text) => text.includes("language tag"))).toEqual([]);
});
