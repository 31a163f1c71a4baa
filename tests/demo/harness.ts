/** The built page in a real browser, watched: what all tests of the page share. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, ElementHandle, Page } from "puppeteer";
import { build } from "vite";
import { expect, inject } from "vitest";
import { type BrowserName, launchBrowser } from "../../src/cli/launch_browser.ts";
import { type StaticServer, serveFiles } from "../../src/cli/static_server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** By this channel a test tells the worker to lose its device: not all browsers let a test into a worker. */
const LOSS = "lose the device";

/** Put before the worker's script. */
const LISTENER = `new BroadcastChannel(${JSON.stringify(LOSS)}).onmessage = () => {
  const { prototype } = GPUDevice;
  const { createCommandEncoder } = prototype;
  prototype.createCommandEncoder = function (...options) {
    prototype.createCommandEncoder = createCommandEncoder;
    this.destroy();
    return createCommandEncoder.apply(this, options);
  };
};`;

/** Not at the root: the page has to work from any folder. */
const FOLDER = "some/folder/";

/** A page, and what it did that it should not do. */
export interface Watched {
  readonly page: Page;
  /**
   * What went to the console as an error or a warning, what nothing caught, and what broke the Content-Security-Policy.
   */
  readonly complaints: string[];
  /** Requests to another host. */
  readonly foreign: string[];
}

/** How a page is opened. */
export interface OpenOptions {
  /** Which page; index.html by default. */
  readonly file?: string;
  /** After the `#`: a view, and its settings. */
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  /** Opens it as another tab of the same visitor; without it the visitor is new, with nothing kept. */
  readonly beside?: Page;
  /** Opens it in the browser's own context: a quota set through the DevTools protocol reaches no other. */
  readonly inOwnContext?: boolean;
  /** Done to the page before it loads. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** The page as it is built, served from a folder of some host, and a browser to open it in. */
export interface Site {
  /** Where the built files lie. */
  readonly folder: string;
  readonly browser: Browser;
  /** Paths below the page's folder that any page or worker asked for, in their order. */
  readonly requests: string[];
  open(options?: OpenOptions): Promise<Watched>;
  close(): Promise<void>;
}

/** Builds the page unless another test has done so. */
export async function builtPage(): Promise<string> {
  const folder = inject("demoFolder");
  if (existsSync(join(folder, "index.html"))) return folder;
  // Vitest's "test" would make a page for development: larger, and slower.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = "production";
  try {
    await build({
      root: join(root, "demo"),
      configFile: join(root, "vite.config.ts"),
      mode: "demo",
      logLevel: "error",
      build: { outDir: folder, emptyOutDir: true },
    });
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
  return folder;
}

/** Serves the built page and starts a browser. */
export async function openSite(name: BrowserName = "chromium"): Promise<Site> {
  const folder = await builtPage();
  const requests: string[] = [];
  const worker = (await readdir(join(folder, "assets"))).find((name) => /^main-.*\.js$/.test(name)) as string;
  const body = `${LISTENER}\n${await readFile(join(folder, "assets", worker), "utf8")}`;
  const server: StaticServer = await serveFiles(
    { [`/${FOLDER}`]: folder, [`/${FOLDER}assets/${worker}`]: { body, type: "text/javascript" } },
    { onRequest: (pathname) => requests.push(pathname.replace(`/${FOLDER}`, "")) },
  );
  const browser = await launchBrowser(name);
  return {
    folder,
    browser,
    requests,
    async open({
      file = "index.html",
      hash = "",
      width = 1280,
      height = 900,
      beside,
      inOwnContext = false,
      prepare,
    } = {}) {
      const own = inOwnContext ? browser.defaultBrowserContext() : beside?.browserContext();
      const visitor = own ?? (await browser.createBrowserContext());
      const page = await visitor.newPage();
      const complaints: string[] = [];
      const foreign: string[] = [];
      page.on("console", (message) => {
        if (["error", "warn"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => {
        const address = request.url();
        if (!address.startsWith(server.url) && !/^(data|blob):/.test(address)) foreign.push(address);
      });
      await page.evaluateOnNewDocument(() => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
          console.error(`content security policy: ${violatedDirective} ${blockedURI}`);
        });
      });
      await page.setViewport({ width, height });
      await prepare?.(page);
      await page.goto(`${server.url}${FOLDER}${file}${hash && `#${hash}`}`, { timeout: 60_000 });
      return { page, complaints, foreign };
    },
    async close() {
      await browser.close();
      await server.close();
      if (chosen !== undefined) await rm(await chosen, { recursive: true });
      chosen = undefined;
    },
  };
}

/** The text of an element, once it is there: a view is loaded when it is first opened. */
export async function textOf(page: Page, selector: string): Promise<string> {
  await page.waitForSelector(selector);
  return page.$eval(selector, (element) => element.textContent ?? "");
}

/** Waits until an element's text fits. */
export const waitForText = (page: Page, selector: string, pattern: RegExp): Promise<unknown> =>
  page.waitForFunction(
    (where, source) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ""),
    { timeout: 100_000, polling: 50 },
    selector,
    pattern.source,
  );

/** Waits until the page's address holds a text: it follows what happens by some tenths of a second. */
export const waitForAddress = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction((part) => location.hash.includes(part), { timeout: 5000 }, text);

/** Puts text into a field as a paste does. */
export async function paste(page: Page, selector: string, text: string): Promise<void> {
  // A view is loaded when it is first opened.
  await page.waitForSelector(selector);
  await page.$eval(
    selector,
    (box, value) => {
      (box as HTMLTextAreaElement).value = value;
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    },
    text,
  );
}

/** Goes to a view by its link, and waits until it has been loaded. */
export async function goTo(page: Page, title: string): Promise<void> {
  const link = await page.waitForSelector(`nav.views ::-p-text(${title})`);
  await link?.click();
  await waitForText(page, "#view-title", new RegExp(`^${title}$`));
  await page.waitForSelector('#view[aria-busy="false"]');
}

/** A training that takes seconds on a software adapter, as the page's address has it. */
export const SMALL_TRAINING = "epochs=3&limit=320&batchSize=32&units=16&embedding=16&learningRate=0.02&dropout=0";

/** Presses the button once it can be pressed. */
export async function startTraining(page: Page): Promise<void> {
  await page.waitForSelector("#start:enabled");
  await page.click("#start");
}

/** Waits for the end of the training, and gives the SHA-256 of its weights. */
export async function finishTraining(page: Page): Promise<string> {
  await waitForText(page, "#state", /^(Done|Stopped by an error)/);
  expect(await textOf(page, "#state")).toMatch(/^Done/);
  const [, hash] = /SHA-256 of the weights: ([0-9a-f]{64})/.exec(await textOf(page, "#log")) ?? [];
  expect(hash).toBeDefined();
  return hash as string;
}

/** The worker's device is lost with the next thing that it does. */
export async function loseDevice(page: Page): Promise<void> {
  await page.evaluate((channel) => new BroadcastChannel(channel).postMessage("lose"), LOSS);
}

/** Drops a file on the page, as from a folder. */
export function dropFile(page: Page, name: string, content: string): Promise<void> {
  return page.evaluate(
    (title, text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], title));
      document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    },
    name,
    content,
  );
}

/** Lets a page's downloads go by, and keeps what they are of. */
export async function keepDownloads(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    const kept: { name: string; text: string }[] = [];
    Object.assign(globalThis, { kept });
    HTMLAnchorElement.prototype.click = function click(this: HTMLAnchorElement) {
      const { href, download } = this;
      void fetchBlob(href).then((text) => kept.push({ name: download, text }));
    };
    const blobs = new Map<string, Blob>();
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob: Blob) => {
      const address = make(blob);
      blobs.set(address, blob);
      return address;
    };
    async function fetchBlob(address: string): Promise<string> {
      const bytes = new Uint8Array((await blobs.get(address)?.arrayBuffer()) ?? new ArrayBuffer(0));
      let text = "";
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    }
  });
}

/** The bytes of what a button saves under a name; `keepDownloads` has to have prepared the page. */
export async function downloaded(page: Page, button: string, name: string): Promise<Uint8Array> {
  await page.waitForSelector(`${button}:enabled`, { timeout: 60_000 });
  await page.click(button);
  await page.waitForFunction(
    (wanted) => (globalThis as unknown as { kept: { name: string }[] }).kept.some((each) => each.name === wanted),
    { timeout: 60_000 },
    name,
  );
  const text = await page.evaluate(
    (wanted) =>
      (globalThis as unknown as { kept: { name: string; text: string }[] }).kept.find((each) => each.name === wanted)
        ?.text,
    name,
  );
  return new Uint8Array(Buffer.from(text ?? "", "base64"));
}

/** Prepares a page as a browser without WebGPU has it. */
export const withoutWebGpu = (page: Page): Promise<unknown> =>
  page.evaluateOnNewDocument(() => {
    delete (Navigator.prototype as { gpu?: unknown }).gpu;
  });

/** Where the files lie that tests choose. */
let chosen: Promise<string> | undefined;

/** Chooses a file in a field, as by its button. */
export async function chooseFile(
  page: Page,
  selector: string,
  name: string,
  content: string | Uint8Array,
): Promise<void> {
  chosen ??= mkdtemp(join(tmpdir(), "sluice-chosen-"));
  const path = join(await chosen, name);
  await writeFile(path, content);
  const input = (await page.waitForSelector(selector)) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(path);
}
