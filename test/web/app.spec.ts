import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, signedIn } from "./support/browser.ts";
import { startSuperApp } from "./support/super-app.ts";
import type { World } from "./support/world.ts";

let world: World;
let browser: Browser;
const shot = process.env.QUIPU_SHOTS;
beforeAll(async () => {
  [world, browser] = await Promise.all([startSuperApp(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

test("an app: its figures, its callers, its rules, its instances and its releases", async () => {
  const { page, errors } = await signedIn(browser, world, { path: "/apps/catalog", height: 1200 });
  const panel = (name: string) => page.getByRole("region", { name, exact: true });
  await panel("Callers")
    .getByRole("row", { name: /search/ })
    .waitFor();
  const search = await panel("Callers")
    .getByRole("row", { name: /search/ })
    .getByRole("cell")
    .allTextContents();
  expect(Number(search[1])).toBeGreaterThan(50);
  expect(Number(search[2])).toBeGreaterThan(8);
  expect(Number(search[5])).toBeGreaterThan(4);
  expect(
    await panel("Callers")
      .getByRole("row", { name: /storefront/ })
      .textContent(),
  ).toContain("GET");
  expect(await panel("Callers").getByRole("row", { name: /ads/ }).textContent()).toContain(
    "waits for the callee or its consent",
  );
  expect(
    await panel("Calls")
      .getByRole("row", { name: /pricing/ })
      .count(),
  ).toBe(1);
  expect(await page.locator(".seen-by").textContent()).toContain("as its callers saw it · 6 of 6 proxies heard");
  expect(await page.locator("canvas").count()).toBe(3);
  expect(await panel("Requests").textContent()).toMatch(/requests a second [78]\d/);

  const rules = panel("Traffic rules in force");
  await rules.getByText("Answers within 1 s, or the caller gets 504.").waitFor();
  expect(await rules.textContent()).toContain("At most 200 requests at once from each caller; 50 more may wait");
  expect(await rules.textContent()).toContain("Waits at most 300 ms for pricing.");
  expect(await rules.textContent()).toContain("search brings its own: 800 ms in all.");
  await rules.getByRole("button", { name: "montevideo" }).click();
  await rules.getByText("Answers within 3 s, or the caller gets 504.").waitFor();

  const instances = panel("Instances");
  expect(await instances.textContent()).toContain("3 of 4 ready");
  expect(await instances.textContent()).toContain("app CrashLoopBackOff: exited with code 1");
  expect(await panel("Releases").textContent()).toContain("finished");
  expect(errors).toEqual([]);
});

test("what changes is shown without a reload, and nothing jumps", async () => {
  const { page } = await signedIn(browser, world, { path: "/apps/pricing" });
  const revision = page.locator(".app-head .facts div", { hasText: "Revision" });
  await revision.getByText("r1").waitFor();
  const charts = await page.locator(".charts").boundingBox();
  await world.send("POST", "/api/v1/apps/pricing/deploys", { image: "registry.example/pricing:2" });
  await revision.getByText("r2").waitFor();
  await page.locator(".releases li .name", { hasText: /^2$/ }).waitFor();
  await page.getByText("No release is under way.").waitFor();
  expect(await page.locator(".charts").boundingBox()).toEqual(charts);
});

test("light and dark: as the system, or as chosen, and remembered", async () => {
  const { page } = await signedIn(browser, world, { theme: "dark", path: "/clusters" });
  const paper = () => page.evaluate<string>("getComputedStyle(document.documentElement).backgroundColor");
  const dark = await paper();
  await page.getByRole("button", { name: "Theme: as the system" }).click();
  const light = await paper();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByRole("button", { name: "Theme: light" }).click();
  expect(await paper()).toBe(dark);
});

test("an exposed app: where it is exposed, and how to call it at each cluster's gateway", async () => {
  const { page, errors } = await signedIn(browser, world, { path: "/apps/storefront" });
  await page.locator(".app-head .facts div", { hasText: "Exposed at" }).getByText("shop.example/").waitFor();
  await page.goto(`${world.url}/clusters/montevideo`);
  const ingress = page.getByRole("region", { name: "Ingress" });
  await ingress.getByText("127.17.3.1:8443").first().waitFor();
  await ingress.getByRole("button", { name: /^Copy/ }).click();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(
    "curl -H 'host: shop.example' http://127.17.3.1:8080/",
  );
  await ingress.getByRole("link", { name: "storefront" }).click();
  await page.waitForURL("**/apps/storefront");
  expect(errors).toEqual([]);
});

test("clusters: health, and what a cluster refuses", async () => {
  const { page, errors } = await signedIn(browser, world, { path: "/clusters" });
  const row = page.getByRole("row", { name: /bogota/ });
  await row.getByText("healthy").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/clusters/bogota");
  await page.getByText("DestinationRule food/catalog").waitFor();
  expect(await page.getByText("spec.trafficPolicy: unknown field").count()).toBe(1);
  const catalog = page.getByRole("region", { name: "What arrives, by app" }).getByRole("row", { name: /catalog/ });
  expect(Number((await catalog.getByRole("cell").allTextContents())[1])).toBeGreaterThan(35);
  await page.keyboard.press("Escape");
  await page.waitForURL("**/clusters");
  expect(errors).toEqual([]);
});

test("what was changed by hand, and a pause of healing: with its end, its reason, and how it goes on", async () => {
  const { page, errors } = await signedIn(browser, world, { path: "/clusters/bogota", height: 1500 });
  const changed = page.getByRole("region", { name: "Changed by hand" });
  const item = changed.getByRole("listitem").filter({ hasText: "VirtualService food/catalog" });
  await item.getByText("waits", { exact: true }).waitFor();
  expect(await item.textContent()).toContain("changed by kubectl-edit · healing of catalog is paused");
  expect(await item.locator("dl > div").allTextContents()).toEqual([
    "fieldfound → wanted",
    '.spec.http[0].timeout"60s" → "1s"',
    ".spec.http[0].retries.attemptsnot there → 2",
  ]);
  const other = changed.getByRole("listitem").filter({ hasText: "Deployment food/pricing-r1" });
  expect(await other.textContent()).toMatch(/put right.*deleted · 3 times/);
  await changed.getByRole("button", { name: "Copy npx quipu cluster pause-healing bogota --for 1h" }).waitFor();

  const unhealthy = page.getByRole("region", { name: "Unhealthy" });
  await unhealthy.getByText("HorizontalPodAutoscaler food/catalog").waitFor();
  expect(await unhealthy.textContent()).toContain("no metrics known · for 1 h");

  // A pause is shown without a reload.
  const until = new Date(Date.now() + 7_000_000).toISOString();
  const spec = { region: "bo", zone: "bo-a", provider: "embedded" };
  const cluster = {
    apiVersion: "quipu.dev/v1",
    kind: "Cluster",
    metadata: { name: "bogota", labels: { market: "bo" } },
  };
  const healing = { paused: [{ until, apps: ["catalog"], why: "timeouts by hand" }] };
  await world.send("PUT", "/api/v1/clusters/bogota", { ...cluster, spec: { ...spec, healing } });
  const note = page.getByRole("note", { name: "Healing is paused" });
  await note.getByText("Healing of catalog is paused").waitFor();
  expect(await note.textContent()).toMatch(/paused for \d:\d\d:\d\d · timeouts by hand/);
  await note.getByRole("button", { name: "Copy npx quipu cluster resume-healing bogota" }).waitFor();
  if (shot !== undefined) await page.screenshot({ path: `${shot}/cluster-drift-light.png`, fullPage: true });
  await page.getByRole("button", { name: "Theme: as the system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  if (shot !== undefined) await page.screenshot({ path: `${shot}/cluster-drift-dark.png`, fullPage: true });
  await page.goto(`${world.url}/clusters`);
  await page
    .getByRole("row", { name: /bogota/ })
    .getByText(/^healing of catalog is paused until/)
    .waitFor();
  await world.send("PUT", "/api/v1/clusters/bogota", { ...cluster, spec });

  await page.goto(`${world.url}/apps/catalog`);
  const own = page.getByRole("region", { name: "Changed by hand" });
  await own.getByText("VirtualService food/catalog").waitFor();
  expect(await own.getByRole("listitem").count()).toBe(1);
  expect(await own.textContent()).toContain("in bogota");
  await page
    .getByRole("region", { name: "Unhealthy" })
    .getByText("bogota: HorizontalPodAutoscaler food/catalog")
    .waitFor();
  if (shot !== undefined) await page.screenshot({ path: `${shot}/app-drift-dark.png`, fullPage: true });
  expect(errors).toEqual([]);
});
