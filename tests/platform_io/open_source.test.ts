import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AbortError, ValueError } from "../../src/core/errors.ts";
import { FileError } from "../../src/platform/file_interface.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { openSource, type Source } from "../../src/platform/open_source.ts";

let server: Server;
let address = "";
let folder = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/slow") return;
    response.statusCode = request.url === "/data" ? 200 : 404;
    response.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`;
  folder = await mkdtemp(`${tmpdir()}/sluice-source-`);
  await (await openFileSystem()).writeFileAtomic(`${folder}/a file.txt`, new TextEncoder().encode("hello"));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

test("opens every kind of source", async () => {
  const hello = new TextEncoder().encode("hello");
  const path = `${folder}/a file.txt`;
  const all: [Source, string, number | undefined][] = [
    [path, path, 5],
    [pathToFileURL(path), path, 5],
    [pathToFileURL(path).href, path, 5],
    [`${address}/data`, `${address}/data`, 5],
    [new URL(`${address}/data`), `${address}/data`, 5],
    [new Blob([hello]), "the blob", 5],
    [new File([hello], "hello.txt"), "hello.txt", 5],
    [hello, "the bytes", 5],
    [hello.buffer, "the bytes", 5],
    [new Blob([hello]).stream(), "the stream", undefined],
    ["data:text/plain,hello", "data:text/plain,hello", undefined],
  ];
  for (const [source, name, byteLength] of all) {
    const opened = await openSource(source);
    expect(await new Response(opened.stream).text()).toBe("hello");
    expect(opened.name).toBe(name);
    if (!name.startsWith("data:")) expect(opened.byteLength).toBe(byteLength);
  }
});

test("says what is wrong with a URL", async () => {
  await expect(openSource(`${address}/none`)).rejects.toThrow(/expected status 200 with a body, got 404 Not Found/);
  await expect(openSource("http://127.0.0.1:1/")).rejects.toThrow(FileError);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await expect(openSource(`${address}/slow`, { signal: controller.signal })).rejects.toThrow(AbortError);
});

test("refuses what is no source", async () => {
  await expect(openSource("")).rejects.toThrow(ValueError);
  await expect(openSource(3 as unknown as Source)).rejects.toThrow(/got number/);
});
