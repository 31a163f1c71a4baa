/** The file system of the runtime at hand: that of Node and Deno, as browsers have no paths. */
import { FileError, type FileSystem } from "./file_interface.ts";

/** True in Node and Deno, where `node:` modules are at hand; false in a page or a worker. */
export function hasNodeModules(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: unknown } } };
  return typeof process?.versions?.node === "string";
}

/**
 * The file system of the runtime at hand.
 * @throws FileError in a browser, which has no paths.
 */
export async function openFileSystem(): Promise<FileSystem> {
  if (!hasNodeModules()) {
    throw new FileError(
      "openFileSystem: this runtime has no file system with paths; expected Node or Deno. In a browser, read a Blob, " +
        "a File or a URL, and keep files by toFiles() and openBrowserSaves()",
    );
  }
  const { loadNodeFileSystem } = await import("./node_file_system.ts");
  return loadNodeFileSystem();
}
