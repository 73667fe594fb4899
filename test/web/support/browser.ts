import { chromium as launcher, type Browser, type BrowserContext, type Page } from "playwright-core";
import { chromium } from "../../../setup/paths.mjs";
import { patienceMs } from "../../harness/eventually.ts";
import type { World } from "./world.ts";

export function launch(): Promise<Browser> {
  const { executablePath, args, env } = chromium();
  return launcher.launch({ executablePath, args, env: { ...process.env, ...env } });
}

interface PageOptions {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** `system`: what the machine says, which may be no language tag at all ("en-US@posix"). */
  locale?: string;
}
export interface OpenedPage {
  page: Page;
  context: BrowserContext;
  /** What the page complained of. */
  errors: string[];
}

/** A page of somebody who isn't signed in. */
export async function newPage(
  browser: Browser,
  { theme = "light", width = 1360, height = 860, locale = "en-GB" }: PageOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    ...(locale !== "system" && { locale }),
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { page, context, errors };
}

/** A page of somebody who has just signed in by a link. */
export async function signedIn(
  browser: Browser,
  world: World,
  { path = "/apps", ...options }: PageOptions & { path?: string } = {},
): Promise<OpenedPage> {
  const opened = await newPage(browser, options);
  await opened.page.goto(await world.signInLink());
  await opened.page.waitForURL(`${world.url}/`);
  opened.errors.length = 0; // before signing in, 401 is an answer like any other
  if (path !== "/") await opened.page.goto(world.url + path);
  return opened;
}
