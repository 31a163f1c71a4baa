/** Finds a browser and opens a page in it, with WebGPU enabled. The command line and the tests share this. */
import { existsSync } from "node:fs";
import type { Browser } from "puppeteer";
import { DeviceError } from "../core/errors.ts";
import browsers from "./browsers.json" with { type: "json" };

/** A browser that Sluice can start. */
export type BrowserName = "chromium" | "firefox";

async function loadPuppeteer(): Promise<typeof import("puppeteer")> {
  try {
    return await import("puppeteer");
  } catch (cause) {
    throw new DeviceError(
      "running in a browser needs the npm package `puppeteer`, which is not installed; run `npm install --save-dev " +
        "puppeteer`",
      { package: "puppeteer" },
      { cause },
    );
  }
}

/**
 * The path of the browser's executable: `PUPPETEER_EXECUTABLE_PATH` (for Chromium), the system's usual paths, or
 * puppeteer's cache. `undefined` if there is none.
 */
export async function findBrowser(name: BrowserName): Promise<string | undefined> {
  const named = process.env.PUPPETEER_EXECUTABLE_PATH;
  if (name === "chromium" && named && existsSync(named)) return named;
  const paths: Readonly<Record<string, readonly string[]>> = browsers[name].paths;
  const found = paths[process.platform]?.find((path) => existsSync(path));
  if (found !== undefined) return found;
  try {
    const { default: puppeteer } = await loadPuppeteer();
    const cached = puppeteer.executablePath({ browser: name === "chromium" ? "chrome" : "firefox" });
    return existsSync(cached) ? cached : undefined;
  } catch {
    return undefined;
  }
}

/** Options of `launchBrowser`. */
export interface LaunchOptions {
  /** Keep the browser open on Ctrl-C, so that the caller can finish its work. */
  readonly outlivesInterrupt?: boolean;
}

/**
 * Starts a headless browser with WebGPU enabled. The caller closes it.
 * @throws DeviceError that names the command that installs the browser, or puppeteer.
 */
export async function launchBrowser(
  name: BrowserName,
  { outlivesInterrupt = false }: LaunchOptions = {},
): Promise<Browser> {
  const { default: puppeteer } = await loadPuppeteer();
  const executablePath = await findBrowser(name);
  if (executablePath === undefined) {
    const { package: debian, puppeteer: cached } = browsers[name];
    throw new DeviceError(
      `${name} was not found; run \`npx puppeteer browsers install ${cached}\`, on Debian \`apt-get install ` +
        `${debian}\`, or set PUPPETEER_EXECUTABLE_PATH`,
      { browser: name },
    );
  }
  const { args, prefs } = browsers[name];
  return puppeteer.launch({
    browser: name === "chromium" ? "chrome" : "firefox",
    executablePath,
    headless: true,
    args: [...args],
    // On a software adapter a training step may block the page for a long time.
    protocolTimeout: 0,
    ...(outlivesInterrupt && { handleSIGINT: false, handleSIGTERM: false }),
    ...(name === "firefox" && { extraPrefsFirefox: { ...prefs } }),
  });
}

/** Options of `runPage`. */
export interface PageOptions extends LaunchOptions {
  /**
   * Called with each message that the page sends with `globalThis.sluiceReport(message)`, which resolves with the
   * return value.
   */
  readonly onMessage: (message: string) => unknown;
  /** Called with the page's console output and its uncaught errors. */
  readonly onConsole?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Opens `url` in a browser and waits until the page calls `sluiceDone()`, the page crashes (rejects), or `signal`
 * aborts (resolves). The browser is closed in every case.
 */
export async function runPage(name: BrowserName, url: string, options: PageOptions): Promise<void> {
  const browser = await launchBrowser(name, options);
  try {
    const page = await browser.newPage();
    await new Promise<void>((resolve, reject) => {
      options.signal?.addEventListener("abort", () => resolve(), { once: true });
      if (options.signal?.aborted) resolve();
      page.on("error", (error) => reject(new Error(`the page crashed: ${error.message}`)));
      page.on("pageerror", (error) =>
        options.onConsole?.(error instanceof Error ? (error.stack ?? error.message) : String(error)),
      );
      page.on("console", (message) => options.onConsole?.(`${message.type()}: ${message.text()}`));
      browser.on("disconnected", () => reject(new Error(`${name} was closed before the page was done`)));
      void (async () => {
        await page.exposeFunction("sluiceReport", (message: string) => options.onMessage(message));
        await page.exposeFunction("sluiceDone", () => resolve());
        await page.goto(url, { waitUntil: "domcontentloaded", timeout: 60_000 });
      })().catch(reject);
    });
  } finally {
    browser.removeAllListeners("disconnected");
    await browser.close();
  }
}
