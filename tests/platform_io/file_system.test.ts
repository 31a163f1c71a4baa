import { execFileSync } from "node:child_process";
import * as nodeFiles from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FileError, type FileSystem } from "../../src/platform/file_interface.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { type NodeFileFunctions, nodeFileSystem } from "../../src/platform/node_file_system.ts";

let folder = "";
let files: FileSystem;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textAt = async (path: string): Promise<string> => new TextDecoder().decode(await files.readFile(path));

beforeEach(async () => {
  folder = await nodeFiles.mkdtemp(`${tmpdir()}/sluice-files-`);
  files = await openFileSystem();
});
afterEach(() => nodeFiles.rm(folder, { recursive: true }));

/** The real functions, of which one operation on a file handle, or one function, fails. */
function failing(operation: "write" | "sync" | "close" | "open" | "rename", code: string): NodeFileFunctions {
  const fail = async (): Promise<never> => {
    throw Object.assign(new Error(`injected ${code}`), { code });
  };
  if (operation === "open" || operation === "rename") return { ...nodeFiles, [operation]: fail };
  return {
    ...nodeFiles,
    async open(path: string, flags: string | number) {
      const handle = await nodeFiles.open(path, flags);
      if (operation !== "close") Object.assign(handle, { [operation]: fail });
      return handle;
    },
  };
}

describe("the file system of Node", () => {
  test("writes, reads, lists and removes", async () => {
    const inner = `${folder}/a/b`;
    await files.makeDirectory(inner);
    await files.makeDirectory(inner);
    await files.writeFileAtomic(`${inner}/two.txt`, bytesOf("two"));
    await files.writeFileAtomic(`${inner}/one.txt`, bytesOf("one"));
    await files.writeFileAtomic(`${inner}/one.txt`, bytesOf("1"));
    expect(await files.readDirectory(inner)).toEqual(["one.txt", "two.txt"]);
    expect(await textAt(`${inner}/one.txt`)).toBe("1");
    expect(await files.exists(`${inner}/one.txt`)).toBe(true);
    expect(await files.modifiedAt(`${inner}/one.txt`)).toBeGreaterThan(Date.now() - 60_000);
    await files.removeFile(`${inner}/one.txt`);
    await files.removeFile(`${inner}/one.txt`);
    expect(await files.exists(`${inner}/one.txt`)).toBe(false);
  });

  test("adds to the end of a file, in the order of the calls", async () => {
    const path = `${folder}/log.txt`;
    await files.appendFile(path, bytesOf("0"));
    await Promise.all(["1", "2", "3", "4"].map((text) => files.appendFile(path, bytesOf(text.repeat(100_000)))));
    expect(await textAt(path)).toBe(`0${["1", "2", "3", "4"].map((text) => text.repeat(100_000)).join("")}`);
    await expect(files.appendFile(folder, bytesOf("x"))).rejects.toThrow(/it is a directory; expected a file/);
    await expect(files.appendFile(`${folder}/none/log.txt`, bytesOf("x"))).rejects.toThrow(/no such file or directory/);
    const full = nodeFileSystem(failing("write", "ENOSPC"));
    await expect(full.appendFile(path, bytesOf("x"))).rejects.toThrow(
      /cannot write .*: the disk is full; .*the previous contents are unchanged/,
    );
    expect((await textAt(path)).length).toBe(400_001);
  });

  test("of several writes to one file that are not awaited the last stays", async () => {
    const path = `${folder}/often.txt`;
    const lengths = [3_000_000, 1_000_000, 10, 0, 5];
    await Promise.all(lengths.map((length) => files.writeFileAtomic(path, new Uint8Array(length))));
    expect((await files.readFile(path)).length).toBe(5);
    expect(await files.readDirectory(folder)).toEqual(["often.txt"]);
  });

  test("gives plain bytes", async () => {
    await files.writeFileAtomic(`${folder}/x`, new Uint8Array());
    const bytes = await files.readFile(`${folder}/x`);
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(bytes.length).toBe(0);
  });

  test("streams a file of several chunks", async () => {
    const content = Uint8Array.from({ length: 700_001 }, (_, index) => index % 251);
    await files.writeFileAtomic(`${folder}/long`, content);
    const { stream, byteLength } = await files.readStream(`${folder}/long`);
    expect(byteLength).toBe(content.length);
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(content);
    const { stream: unread } = await files.readStream(`${folder}/long`);
    await unread.cancel();
  });

  test("says what is wrong with a path, and what to do", async () => {
    await expect(files.readFile(`${folder}/none`)).rejects.toThrow(/cannot read .*none: there is no such file.*ENOENT/);
    await expect(files.readStream(`${folder}/none`)).rejects.toThrow(FileError);
    await expect(files.readStream(folder)).rejects.toThrow(/is a directory/);
    await expect(files.modifiedAt(`${folder}/none`)).rejects.toThrow(FileError);
    await expect(files.readDirectory(`${folder}/none`)).rejects.toThrow(FileError);
    await files.writeFileAtomic(`${folder}/x`, bytesOf("12345"));
    await expect(files.readFile(`${folder}/x`, { maxBytes: 4 })).rejects.toThrow(/has 5 bytes; expected at most 4/);
    await expect(files.writeFileAtomic(`${folder}/none/x`, bytesOf("1"))).rejects.toMatchObject({
      details: { code: "ENOENT" },
    });
  });

  test.each([
    ["write", "ENOSPC", /disk is full.*the previous contents are unchanged/],
    ["sync", "EIO", /device failed.*unchanged/],
    ["open", "EROFS", /read-only/],
    ["rename", "EACCES", /access is denied/],
  ] as const)("a %s that fails with %s leaves the old file and no other", async (operation, code, message) => {
    const path = `${folder}/kept.txt`;
    await files.writeFileAtomic(path, bytesOf("old"));
    const broken = nodeFileSystem(failing(operation, code));
    await expect(broken.writeFileAtomic(path, bytesOf("new"))).rejects.toThrow(message);
    expect(await textAt(path)).toBe("old");
    expect(await files.readDirectory(folder)).toEqual(["kept.txt"]);
  });

  test("a disk that takes a part of a write is asked again, or is full", async () => {
    const partly = (most: number): NodeFileFunctions => ({
      ...nodeFiles,
      async open(path: string, flags: string | number) {
        const handle = await nodeFiles.open(path, flags);
        const write = handle.write.bind(handle);
        const short = (bytes: Uint8Array, at: number, length: number) => write(bytes, at, Math.min(length, most));
        return Object.assign(handle, { write: short });
      },
    });
    await nodeFileSystem(partly(2)).writeFileAtomic(`${folder}/x`, bytesOf("12345"));
    expect(await textAt(`${folder}/x`)).toBe("12345");
    await expect(nodeFileSystem(partly(0)).writeFileAtomic(`${folder}/x`, bytesOf("67"))).rejects.toThrow(/full/);
    expect(await textAt(`${folder}/x`)).toBe("12345");
  });
});

describe.runIf(process.platform !== "win32")("what is not a regular file", () => {
  /** A named pipe, a link to a device without end, a directory. */
  async function oddFiles(): Promise<readonly [path: string, message: RegExp][]> {
    execFileSync("mkfifo", [`${folder}/pipe`]);
    await nodeFiles.symlink("/dev/zero", `${folder}/zeros`);
    await nodeFiles.mkdir(`${folder}/folder`);
    return [
      [`${folder}/pipe`, /pipe: it is a pipe, a socket or a device; expected a regular file \(EFTYPE\)/],
      [`${folder}/zeros`, /zeros: it is a pipe, a socket or a device; expected a regular file/],
      [`${folder}/folder`, /folder: it is a directory; expected a file/],
    ];
  }

  test("is not read: no wait for a pipe's writer, no device without end", { timeout: 5000 }, async () => {
    for (const [path, message] of await oddFiles()) {
      await expect(files.readFile(path)).rejects.toThrow(message);
      await expect(files.readStream(path)).rejects.toThrow(message);
    }
  });

  test("is not replaced by a file that is written", async () => {
    for (const [path, message] of await oddFiles()) {
      const before = (await nodeFiles.lstat(path)).ino;
      await expect(files.writeFileAtomic(path, bytesOf("1"))).rejects.toThrow(message);
      expect((await nodeFiles.lstat(path)).ino).toBe(before);
    }
    expect(await files.readDirectory(folder)).toEqual(["folder", "pipe", "zeros"]);
  });

  test("a link to a regular file is read, and replaced by what is written", async () => {
    await files.writeFileAtomic(`${folder}/target`, bytesOf("target"));
    await nodeFiles.symlink(`${folder}/target`, `${folder}/link`);
    expect(await textAt(`${folder}/link`)).toBe("target");
    await files.writeFileAtomic(`${folder}/link`, bytesOf("new"));
    expect([await textAt(`${folder}/link`), await textAt(`${folder}/target`)]).toEqual(["new", "target"]);
  });
});

test("a file's bytes are counted, whatever length the system gives", async () => {
  await files.writeFileAtomic(`${folder}/x`, new Uint8Array(600_000).fill(7));
  /** The real functions, of which `stat` gives another length. */
  const declaring = (size: number): FileSystem =>
    nodeFileSystem({
      ...nodeFiles,
      async open(path: string, flags: string | number) {
        const handle = await nodeFiles.open(path, flags);
        const stats = await handle.stat();
        return Object.assign(handle, { stat: async () => Object.assign(stats, { size }) });
      },
    });
  for (const size of [0, 5, 600_000, 700_000]) {
    const bytes = await declaring(size).readFile(`${folder}/x`, { maxBytes: 700_000 });
    expect([bytes.length, bytes.every((byte) => byte === 7)]).toEqual([600_000, true]);
    await expect(declaring(size).readFile(`${folder}/x`, { maxBytes: 599_999 })).rejects.toThrow(
      /expected at most 599999/,
    );
  }
});

test.each(["http://localhost/model", "HTTPS://localhost/model", "file:///tmp/model", "s3://bucket/model", "data:,x"])(
  "the URL %s is not a path",
  async (url) => {
    const calls: Promise<unknown>[] = [
      files.readFile(url),
      files.readStream(url),
      files.writeFileAtomic(url, bytesOf("1")),
      files.makeDirectory(url),
      files.readDirectory(url),
    ];
    for (const call of calls) {
      const error: unknown = await call.catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(FileError);
      expect(String(error)).toMatch(/it is a URL; expected a file path/);
    }
    expect((await nodeFiles.readdir(".")).filter((name) => name.includes(":"))).toEqual([]);
  },
);

test("a browser has no paths, and says what to use instead", async () => {
  vi.stubGlobal("process", undefined);
  const opened = openFileSystem();
  vi.unstubAllGlobals();
  await expect(opened).rejects.toThrow(/no file system with paths.*read a Blob, a File or a URL/);
});

// Last, for it loads modules anew.
test("two processes that write one file in the same millisecond do not disturb each other", async () => {
  vi.spyOn(Date, "now").mockReturnValue(1_764_000_000_000);
  const processes: FileSystem[] = [];
  for (let process = 0; process < 2; process++) {
    vi.resetModules();
    const { loadNodeFileSystem } = await import("../../src/platform/node_file_system.ts");
    processes.push(await loadNodeFileSystem());
  }
  const writing = processes.map((each, index) =>
    each.writeFileAtomic(`${folder}/shared.txt`, new Uint8Array(100_000).fill(index + 1)),
  );
  await expect(Promise.all(writing)).resolves.toBeDefined();
  vi.restoreAllMocks();
  const bytes = await files.readFile(`${folder}/shared.txt`);
  expect([1, 2]).toContain(bytes[0]);
  expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
  expect(await files.readDirectory(folder)).toEqual(["shared.txt"]);
});
