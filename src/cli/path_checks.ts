/** Checks, before a run starts, the files and directories that it will read and write. */
import type { Stats } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FileError } from "../platform/file_interface.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Creates the directory of a model, and checks that it is writable.
 * @throws UsageError that names the option and the problem.
 */
export async function checkDirectory(flag: string, directory: string): Promise<void> {
  expectPath(flag, directory);
  try {
    await (await openFileSystem()).makeDirectory(directory);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UsageError(
      `${flag} ${directory}: cannot write there (${reasonOf(cause)}); choose another directory`,
      {},
      { cause },
    );
  }
}

/**
 * Checks that a file is writable, and creates its directory.
 * @throws UsageError that names the option and the problem.
 */
export async function checkFile(flag: string, file: string): Promise<void> {
  expectPath(flag, file);
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isFile()) {
    throw new UsageError(`${flag} ${file}: it is ${kindOf(found)}; expected a regular file, or a new one`);
  }
  try {
    await (await openFileSystem()).makeDirectory(dirname(resolve(file)));
    await access(dirname(resolve(file)), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UsageError(
      `${flag} ${file}: cannot write there (${reasonOf(cause)}); choose another file`,
      {},
      { cause },
    );
  }
}

/**
 * Checks that the archive exists, if it is given as a path.
 * @throws UsageError when it does not.
 */
export async function checkArchive(archive: string | undefined): Promise<string> {
  if (archive === undefined) {
    throw new UsageError(
      "--data imdb needs the review archive: give --archive PATH or set SLUICE_IMDB; it is at " +
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz (84 MB)",
    );
  }
  if (isUrl(archive)) return archive;
  await checkInput("--archive", archive, "aclImdb_v1.tar.gz");
  return archive;
}

/**
 * Checks that an input file exists.
 * @throws UsageError that names the option and the expected file.
 */
export async function checkInput(flag: string, file: string, expected: string): Promise<void> {
  expectPath(flag, file);
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile()) return;
  const problem = found === undefined ? "there is no such file" : `it is ${kindOf(found)}`;
  throw new UsageError(`${flag} ${file}: ${problem}; expected ${expected}`);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]+:\/\//i.test(text);
}

function expectPath(flag: string, path: string): void {
  if (isUrl(path)) throw new UsageError(`${flag} ${path}: it is a URL; expected a path on this machine`);
}

function kindOf(stats: Stats): string {
  return stats.isDirectory() ? "a directory" : "a pipe, a socket or a device";
}

function reasonOf(cause: unknown): string {
  const { code, message } = (cause instanceof FileError ? cause.details : cause) as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "access is denied",
    EEXIST: "a file is in the way",
    ENOTDIR: "part of the path is a file",
    EROFS: "the file system is read-only",
  };
  return reasons[code ?? ""] ?? message ?? String(cause);
}
