/** Opens the runtime's file system. Only Node and Deno have one. */
import { FileError, type FileSystem } from "./file_interface.ts";

/** True in Node and Deno, which have `node:` modules; false in a page or a worker. */
export function hasNodeModules(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: unknown } } };
  return typeof process?.versions?.node === "string";
}

/**
 * Opens the runtime's file system.
 * @throws FileError in a browser, which has no paths.
 */
export async function openFileSystem(): Promise<FileSystem> {
  if (!hasNodeModules()) {
    throw new FileError(
      "openFileSystem: this runtime has no file system with paths; expected Node or Deno. In a browser, read a Blob, " +
        "a File or a URL, and store files with toFiles() and openBrowserSaves()",
    );
  }
  const { loadNodeFileSystem } = await import("./node_file_system.ts");
  return loadNodeFileSystem();
}
