/** Files behind one small interface, which runtimes implement, and the error of all of them. */
import { SluiceError } from "../core/errors.ts";

/** A file that could not be read or written; `details.code` is the system's code (`ENOENT`, `ENOSPC`, …) where it has one. */
export class FileError extends SluiceError {
  override readonly name: string = "FileError";
}

/** How much of a file to accept. */
export interface ReadFileOptions {
  /** A longer file is refused before it is read. */
  readonly maxBytes?: number;
}

/**
 * What Sluice asks of a place that keeps files. Paths are the runtime's own; `/` joins their parts everywhere.
 *
 * @example
 * const files = await openFileSystem();
 * await files.makeDirectory("runs/first");
 * await files.writeFileAtomic("runs/first/note.txt", new TextEncoder().encode("hello"));
 */
export interface FileSystem {
  /**
   * Opens a file and streams it, without ever holding the whole.
   * @throws FileError when it is absent or not readable.
   */
  readStream(path: string): Promise<{ readonly stream: ReadableStream<Uint8Array>; readonly byteLength: number }>;
  /**
   * The whole file.
   * @throws FileError when it is absent, not readable, or longer than `maxBytes`.
   */
  readFile(path: string, options?: ReadFileOptions): Promise<Uint8Array>;
  /**
   * Puts `bytes` at `path` so that a crash at any moment leaves the old file or the new one, never a mix. Of several calls
   * for one path the last one's bytes stay; of several processes one's bytes, whole.
   * @throws FileError when the disk is full or fails; the old file is then still there.
   */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>;
  /** Names of what lies in a directory, sorted. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** Makes a directory, its parents too; one that exists is left as it is. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a file; one that is absent is no error. */
  removeFile(path: string): Promise<void>;
  /**
   * The absolute path of a file or directory, with no symbolic link in it.
   * @throws FileError when it is absent.
   */
  realPath(path: string): Promise<string>;
  /**
   * When a file was last written, in milliseconds since 1970.
   * @throws FileError when it is absent.
   */
  modifiedAt(path: string): Promise<number>;
  /** True when a file or directory is there. */
  exists(path: string): Promise<boolean>;
}
