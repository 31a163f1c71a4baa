/** Models by their address: a path, a file URL, a web server's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveFiles } from "../../src/cli/static_server.ts";
import { FileError, FormatError, loadModel, type Model, ValueError } from "../../src/index.ts";
import { loadPredictor } from "../../src/predict/index.ts";
import { smallModel, weightBits } from "../nn/small_model.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
const folder = mkdtempSync(join(tmpdir(), "address-"));
let server: Awaited<ReturnType<typeof serveFiles>>;
let model: Model;
beforeAll(async () => {
  model = smallModel(device);
  await model.save(folder, { predictor: true });
  const page = { body: "<!doctype html><title>Home</title>", type: "text/html" };
  server = await serveFiles({ "/model/": folder, "/app/model.json": page });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  device.dispose();
});

test("a path, a file URL, a web address and a URL object lead to the same model", async () => {
  const wanted = await weightBits(model);
  const web = `${server.url}model`;
  for (const source of [folder, pathToFileURL(folder), String(pathToFileURL(`${folder}/`)), web, new URL(`${web}/`)]) {
    using loaded = await loadModel(source, { device });
    expect(await weightBits(loaded)).toEqual(wanted);
  }
});

test("a server's page in place of model.json is named as one, and a missing file by its status", async () => {
  for (const load of [loadModel, loadPredictor]) {
    const page = load(`${server.url}app/`, { device });
    await expect(page).rejects.toThrow(FormatError);
    await expect(page).rejects.toThrow("app/: model.json: got a page (HTML) instead of JSON; is the path right?");
    const missing = load(`${server.url}other/`, { device });
    await expect(missing).rejects.toThrow(FileError);
    await expect(missing).rejects.toThrow(/other\/model\.json: expected status 200 with a body, got 404/);
    const nobody = load("http://127.0.0.1:1/model/", { device });
    await expect(nobody).rejects.toThrow(FileError);
    await expect(nobody).rejects.toThrow("the server cannot be reached, or CORS does not let this page read it");
  }
  await expect(loadModel(join(folder, "nothing"), { device })).rejects.toThrow(FileError);
  await expect(loadModel(7 as never, { device })).rejects.toThrow(ValueError);
});
