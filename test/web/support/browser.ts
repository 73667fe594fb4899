import { chromium as launcher, type Browser, type BrowserContext, type Page } from "playwright-core";
import { chromium } from "../../../setup/paths.mjs";
import type { World } from "./world.ts";

export function launch(): Promise<Browser> {
  const { executablePath, args, env } = chromium();
  return launcher.launch({ executablePath, args, env: { ...process.env, ...env } });
}

/** A page of somebody who has just signed in by a link. Errors of the page end the test. */
export async function signedIn(
  browser: Browser,
  world: World,
  {
    theme = "light",
    path = "/apps",
    width = 1360,
    height = 860,
  }: { theme?: "light" | "dark"; path?: string; width?: number; height?: number } = {},
): Promise<{ page: Page; context: BrowserContext; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    // A machine without a locale would give the browser a language that is none.
    locale: "en-GB",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(await world.signInLink());
  await page.waitForURL("**/apps");
  if (path !== "/apps") await page.goto(world.url + path);
  errors.length = 0; // before signing in, 401 is an answer like any other
  return { page, context, errors };
}
