import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type StaticServer, serveFiles } from "../../src/cli/static_server.ts";

let parent: string;
let folder: string;
let server: StaticServer;
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), "sluice-served-"));
  folder = join(parent, "dist");
  mkdirSync(join(folder, "inner"), { recursive: true });
  mkdirSync(join(folder, ".git"));
  for (const path of ["secret.txt", "dist/.secret", "dist/.git/config"]) writeFileSync(join(parent, path), "secret");
  writeFileSync(join(folder, "inner/b.js"), "export const b = 1;");
  writeFileSync(join(folder, "empty"), "");
  symlinkSync(join(folder, "a.js"), join(folder, "inside.js"));
  symlinkSync(join(parent, "secret.txt"), join(folder, "outside.txt"));
  symlinkSync(parent, join(folder, "linked"));
  if (process.platform !== "win32") execFileSync("mkfifo", [join(folder, "pipe")]);
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
  rmSync(parent, { recursive: true });
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

/** A request as it is written: `fetch` would mend it. */
function ask(target: string, options: RequestOptions = {}): Promise<IncomingMessage & { readonly body: string }> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "localhost", port, path: target, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () => resolve(Object.assign(response, { body })));
    });
    sent.once("error", reject).end();
  });
}

test.each([
  ["/dist/none.js", 404],
  ["/dist/", 404],
  ["/dist/inner", 404],
  ["/a.js", 404],
  ["/dist/.secret", 404],
  ["/dist/.git/config", 404],
  ["/dist/%2egit/config", 404],
  ["/dist/outside.txt", 404],
  ["/dist/linked/secret.txt", 404],
  ["/dist/pipe", 404],
  ["//dist/a.js", 404],
  ["/dist/../secret.txt", 400],
  ["/dist/..%2f..%2fetc/passwd", 400],
  ["/dist/%2e%2e/%2e%2e/etc/passwd", 400],
  ["/dist/..%5csecret.txt", 400],
  ["/dist/a.js%00.txt", 400],
  ["/dist/%", 400],
  ["/dist/%ff", 400],
  ["http://localhost/dist/a.js", 400],
  ["/dist/inside.js", 200],
  ["/dist/inner/b.js?v=%", 200],
])("%s is answered with %i, and nothing outside of what is mounted", { timeout: 5000 }, async (target, status) => {
  const { statusCode, body, headers } = await ask(target);
  expect(statusCode).toBe(status);
  expect(body).not.toContain("secret");
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

test.each(["attacker.example", "attacker.example:80", "localhost", "localhost:1", "127.0.0.1.attacker.example"])(
  "a request to the host %s is refused: DNS rebinding",
  async (host) => {
    for (const path of ["/", "/dist/a.js"]) {
      const { statusCode, body } = await ask(path, { headers: { host } });
      expect(statusCode).toBe(421);
      expect(body).not.toMatch(/page<|export/);
    }
  },
);

test("localhost is served by all its names", async () => {
  const { port } = new URL(server.url);
  for (const name of ["localhost", "127.0.0.1", "[::1]"]) {
    expect((await ask("/dist/a.js", { headers: { host: `${name}:${port}` } })).statusCode).toBe(200);
  }
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("%s is refused", async (method) => {
  const { statusCode, headers, body } = await ask("/dist/a.js", { method });
  expect([statusCode, headers.allow]).toEqual([405, "GET, HEAD"]);
  expect(body).not.toContain("export");
});

test("HEAD tells what GET would send, without the body", async () => {
  for (const [path, bytes] of [
    ["/", "11"],
    ["/dist/a.js", "19"],
    ["/data", "5"],
    ["/dist/empty", "0"],
  ] as const) {
    const [head, get] = [await ask(path, { method: "HEAD" }), await ask(path)];
    expect([head.statusCode, head.headers["content-length"], head.body]).toEqual([200, bytes, ""]);
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
    expect(get.headers["content-length"]).toBe(bytes);
    expect(get.body).toHaveLength(Number(bytes));
  }
  expect((await ask("/dist/none", { method: "HEAD" })).body).toBe("");
});
