import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StaticServer, serveFiles } from "../../src/cli/static_server.ts";

let folder: string;
let server: StaticServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-served-"));
  writeFileSync(join(folder, "a.js"), "export const a = 1;");
  writeFileSync(join(folder, "data.bin"), "12345");
  server = await serveFiles({
    "/": { body: "<p>page</p>", type: "text/html" },
    "/dist/": folder,
    "/data": join(folder, "data.bin"),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test("serves text, a folder and a single file, each with its type", async () => {
  expect(await (await fetch(server.url)).text()).toBe("<p>page</p>");
  const script = await fetch(`${server.url}dist/a.js`);
  expect(script.headers.get("content-type")).toMatch(/^text\/javascript/);
  expect(await script.text()).toBe("export const a = 1;");
  const data = await fetch(`${server.url}data`);
  expect(data.headers.get("content-length")).toBe("5");
  expect(await data.text()).toBe("12345");
});

test("gives nothing outside what is mounted", async () => {
  for (const path of [
    "dist/none.js",
    "dist/",
    "a.js",
    "dist/..%2f..%2fetc/passwd",
    "dist/%2e%2e/%2e%2e/etc/passwd",
    "dist/%",
  ]) {
    const response = await fetch(server.url + path).catch(() => undefined);
    expect(response?.ok ?? false, path).toBe(false);
  }
});
