/** Words and Take it home, in the built page: by mouse and keyboard, and what is taken home works there. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import card from "../../demo/shipped/card.json" with { type: "json" };
import { serveFiles } from "../../src/cli/static_server.ts";
import { loadModel, type ReviewEncoder, readSafetensors } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import {
  chooseFile,
  downloaded,
  goTo,
  keepDownloads,
  openSite,
  paste,
  type Site,
  textOf,
  waitForText,
} from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

let site: Site;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-home-"));
  site = await openSite();
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true });
});

async function unzip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = await new ZipReader(new Uint8ArrayReader(bytes)).getEntries();
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (!entry.directory) files.set(entry.filename, await entry.getData(new Uint8ArrayWriter()));
  }
  return files;
}

test("the model is taken home in four formats, and the lines that go with it load it in another page", async () => {
  const { page, complaints, foreign } = await site.open({ hash: "home?seed=5", prepare: keepDownloads });
  expect(await textOf(page, ".model-card b")).toBe(`${(100 * card.shipped.testAccuracy).toFixed(1)}%`);
  const zip = await downloaded(page, "#save-sluice", "model.zip");
  const files = await unzip(zip);
  expect([...files.keys()].map((name) => name.replace(/-[0-9a-f]+/, ""))).toEqual([
    "weights.safetensors",
    "model.json",
  ]);
  const weights = readSafetensors(await downloaded(page, "#save-safetensors", "model.safetensors"));
  expect([...weights.tensors.keys()]).toContain("lstm/recurrent_kernel");
  const tfjs = await unzip(await downloaded(page, "#save-tfjs", "model-tfjs.zip"));
  expect(JSON.parse(new TextDecoder().decode(tfjs.get("model.json"))).format).toBe("layers-model");
  const onnx = new TextDecoder("latin1").decode(await downloaded(page, "#save-onnx", "model.onnx"));
  expect(onnx).toContain("LSTM");
  const snippet = await textOf(page, "#snippet");

  // The link: settings always, the text only when asked for.
  const link = () => page.$eval("#share-link", (field) => (field as HTMLInputElement).value);
  expect(await link()).toMatch(/#train\?seed=5/);
  expect(await link()).not.toContain("text=");
  await page.focus("#share-text");
  await page.keyboard.press("Space");
  await page.waitForFunction(() =>
    /#ask\?seed=5&text=/.test((document.querySelector("#share-link") as HTMLInputElement).value),
  );
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();

  // Another page, on another origin, with the package and the files of the archive beside it.
  await build({
    ...{ root, configFile: join(root, "vite.config.ts"), mode: "test", logLevel: "error" },
    build: {
      outDir: join(folder, "sluice"),
      lib: { formats: ["es"], entry: { index: join(root, "src/index.ts") } },
    },
  });
  await mkdir(join(folder, "model"));
  for (const [name, bytes] of files) await writeFile(join(folder, "model", name), bytes);
  const imports = { sluice: "/sluice/index.js" };
  const head = `<link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const html = `<!doctype html>${head}<script type="module">${snippet}</script>`;
  const server = await serveFiles({
    "/": { body: html, type: "text/html" },
    "/sluice/": join(folder, "sluice"),
    "/model/": join(folder, "model"),
  });
  try {
    const other = await site.browser.newPage();
    const said = new Promise<string>((resolve) => {
      other.on("console", (message) => resolve(message.text()));
      other.on("pageerror", (error) => resolve(String(error)));
    });
    await other.goto(server.url);
    // What the same files say here.
    using model = await loadModel(files, { device: await testDevice() });
    const text = /encode\(\["(.*)"\]\)/.exec(snippet)?.[1] ?? "";
    const { data } = await model.predict((model.encoder as ReviewEncoder).encode([text]));
    const [, praise] = /^praise: ([\d.]+)$/.exec(await said) ?? [];
    expect(Number(praise)).toBeCloseTo(data[0] as number, 2);
    await other.close();
  } finally {
    await server.close();
  }
});

test("a model that was taken home is brought back, and a file that holds none changes nothing", async () => {
  const { page, complaints } = await site.open({ hash: "home", prepare: keepDownloads });
  const give = (name: string, bytes: Uint8Array) => chooseFile(page, "#bring", name, bytes);
  const zip = await downloaded(page, "#save-sluice", "model.zip");
  await give("model.zip", zip);
  await waitForText(page, "#brought", /^model\.zip is open.*in every view/);
  await goTo(page, "Ask it");
  const isOwn = () => page.$eval("input[name=which][value=own]", (field) => (field as HTMLInputElement).checked);
  expect(await isOwn()).toBe(true);
  await paste(page, "#text", "Dull and awful.");
  await waitForText(page, "#verdict", /^Blame/);
  const own = await textOf(page, "#verdict");
  await page.click("input[name=which][value=shipped]");
  await page.waitForFunction(() => document.querySelector(".stale") === null);
  expect(await textOf(page, "#verdict")).toBe(own);

  await goTo(page, "Take it home");
  await give("cut.zip", zip.subarray(0, zip.length / 2));
  await waitForText(page, ".notices", /cut\.zip cannot be unpacked: .*expected the \.zip that this page saves/);
  await give("other.zip", await downloaded(page, "#save-tfjs", "model-tfjs.zip"));
  await waitForText(page, ".notices", /model\.json/);
  await goTo(page, "Ask it");
  await page.click("input[name=which][value=own]");
  await paste(page, "#text", "Dull and awful, and then some.");
  await waitForText(page, "#words", /some/);
  expect(complaints).toEqual([]);
  await page.close();
});

test("the map of words: search, neighbours, before and after, by mouse and keyboard", async () => {
  const { page, complaints, foreign } = await site.open({ hash: "words" });
  await waitForText(page, "#chosen-word", /^wonderful$/);
  await page.waitForFunction(() => document.querySelectorAll("#neighbours li").length === 12);
  const near = await page.$$eval("#neighbours button", (all) => all.map((each) => each.textContent ?? ""));
  // What a model of reviews learns first: words of one tone lie together.
  const praise =
    /great|excellent|perfect|superb|amazing|brilliant|loved|fantastic|favorite|enjoyable|beautiful|touching|best/;
  expect(near.filter((word) => praise.test(word))).not.toEqual([]);
  await page.type("#word-search", "Awful");
  await page.keyboard.press("Enter");
  await waitForText(page, "#chosen-word", /^awful$/);
  await page.waitForFunction((old) => document.querySelector("#neighbours button")?.textContent !== old, {}, near[0]);
  await page.click("#neighbours button");
  await page.waitForFunction(() => document.querySelector("#chosen-word")?.textContent !== "awful");
  await page.$eval("#word-search", (field) => {
    (field as HTMLInputElement).value = "zzyzx";
  });
  await page.focus("#word-search");
  await page.keyboard.press("Enter");
  await waitForText(page, ".word-search [role=status]", /“zzyzx” has no vector/);
  const explained = await textOf(page, "#explained");
  await page.click("input[value=before]");
  await page.waitForFunction((old) => document.querySelector("#explained")?.textContent !== old, {}, explained);
  // Before training no direction stands out.
  const [across = 100] = (/across ([\d.]+)%/.exec(await textOf(page, "#explained")) ?? []).slice(1).map(Number);
  const [trained = 0] = (/across ([\d.]+)%/.exec(explained) ?? []).slice(1).map(Number);
  expect(across).toBeLessThan(10);
  expect(trained).toBeGreaterThan(20);
  // Who scrolls the page past the map goes on scrolling; who works in it zooms.
  const box = await (await page.$(".map-picture"))?.boundingBox();
  const scrolled = () => page.evaluate(() => scrollY);
  await page.mouse.move((box?.x ?? 0) + 100, (box?.y ?? 0) + 100);
  await page.mouse.wheel({ deltaY: 60 });
  await page.waitForFunction(() => scrollY > 0);
  await page.evaluate(() => scrollTo(0, 0));
  await page.focus(".map-picture");
  for (const key of ["+", "ArrowLeft", "0", "-"]) await page.keyboard.press(key as "0");
  await page.mouse.wheel({ deltaY: 200 });
  await page.mouse.wheel({ deltaY: -200 });
  expect(await scrolled()).toBe(0);
  expect(complaints).toEqual([]);
  expect(foreign).toEqual([]);
  await page.close();
});
