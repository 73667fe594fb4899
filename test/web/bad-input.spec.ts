import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, newPage, signedIn } from "./support/browser.ts";
import { startSuperApp } from "./support/super-app.ts";
import type { World } from "./support/world.ts";

let world: World;
let browser: Browser;
beforeAll(async () => {
  [world, browser] = await Promise.all([startSuperApp(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test("an app that isn't there: one clear page, no alert, nothing else asked for", async () => {
  const { page } = await signedIn(browser, world);
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push(new URL(response.url()).pathname);
  });
  await page.goto(`${world.url}/apps/nope`);
  await page.getByRole("heading", { name: "There is no app nope" }).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
  expect(refused).toEqual(["/api/v1/apps/nope"]);
  await page.getByRole("link", { name: "all apps", exact: true }).click();
  await page.waitForURL("**/apps");
  await page.getByRole("link", { name: "catalog" }).waitFor();
});

test("an app that is deleted while somebody looks at it", async () => {
  await world.send("PUT", "/api/v1/apps/brief", {
    apiVersion: "quipu.dev/v1",
    kind: "App",
    metadata: { name: "brief" },
    spec: { team: "aji", segment: "shop" },
  });
  const { page } = await signedIn(browser, world, { path: "/apps/brief" });
  await page.getByRole("heading", { name: "brief", exact: true }).waitFor();
  await page.locator(".bar output", { hasText: "live" }).waitFor();
  await world.send("DELETE", "/api/v1/apps/brief");
  await page.getByRole("heading", { name: "There is no app brief" }).waitFor();
});

test("a cluster that isn't there, and a page that isn't there, lead back", async () => {
  const { page } = await signedIn(browser, world, { path: "/clusters/quito" });
  await page.getByRole("heading", { name: "There is no cluster quito" }).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
  await page.getByRole("link", { name: "All clusters" }).click();
  await page.getByRole("link", { name: "bogota" }).waitFor();
  await page.goto(`${world.url}/nowhere/at/all`);
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await page.getByRole("link", { name: "All apps", exact: true }).click();
  await page.waitForURL("**/apps");
});

test.each(["q=nothing-like-it", "cluster=quito", "team=nobody&segment=food"])(
  "filters that match nothing (%s) say so and can be cleared",
  async (query) => {
    const { page } = await signedIn(browser, world, { path: `/apps?${query}` });
    await page.getByRole("heading", { name: "No app matches" }).waitFor();
    expect(await page.locator(".head output").textContent()).toBe("0 found");
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await page.getByRole("link", { name: "catalog" }).waitFor();
    expect(new URL(page.url()).search).toBe("");
  },
);

test("a wrong token is told as such, beside the form, which stays", async () => {
  const { page } = await newPage(browser);
  await page.goto(`${world.url}/login`);
  await page.getByLabel("Or with a token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect(await alert.count()).toBe(1);
  expect(await alert.textContent()).toContain("The token isn't known");
  expect(await alert.textContent()).toContain("unauthenticated");
  expect(await page.getByLabel("Or with a token").inputValue()).toBe("wrong");
  expect(new URL(page.url()).pathname).toBe("/login");
});

test("a first visit goes to the sign-in without asking for anything else, and on to the overview", async () => {
  const { page } = await newPage(browser);
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/api/")) asked.push(new URL(request.url()).pathname);
  });
  await page.goto(`${world.url}/`);
  await page.waitForURL(`${world.url}/login`);
  await page.getByLabel("Or with a token").fill("admin-secret");
  expect(new Set(asked)).toEqual(new Set(["/api/v1/whoami"]));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${world.url}/`);
});
