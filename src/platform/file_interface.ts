/** The interface of a file system, which each runtime implements, and its error class. */
import { SluiceError } from "../core/errors.ts";

/**
 * A file could not be read or written. `details.code` is the system's error code (`ENOENT`, `ENOSPC`, …), if there is
 * one.
 */
export class FileError extends SluiceError {
  override readonly name: string = "FileError";
}

/** Options of `readFile`. */
export interface ReadFileOptions {
  /** A longer file is rejected. Default: 2^31 − 1. */
  readonly maxBytes?: number;
}

/**
 * The file operations that Sluice needs. Paths are the runtime's own; `/` works as a separator on every platform. Only
 * regular files, and links to them, can be read and replaced: pipes, sockets, devices and URLs cause a FileError.
 *
 * @example
 * const files = await openFileSystem();
 * await files.makeDirectory("runs/first");
 * await files.writeFileAtomic("runs/first/note.txt", new TextEncoder().encode("hello"));
 */
export interface FileSystem {
  /**
   * Opens a file as a stream.
   * @throws FileError when the file does not exist or cannot be read.
   */
  readStream(path: string): Promise<{ readonly stream: ReadableStream<Uint8Array>; readonly byteLength: number }>;
  /**
   * Reads the whole file.
   * @throws FileError when the file does not exist, cannot be read, or is longer than `maxBytes`.
   */
  readFile(path: string, options?: ReadFileOptions): Promise<Uint8Array>;
  /**
   * Writes `bytes` to `path` atomically: a crash at any moment leaves the old file or the new one, never a mixture. If
   * several calls write to one path, the last one wins; if several processes do, the file holds the complete bytes of
   * one of them.
   * @throws FileError when the disk is full or fails; the old file is unchanged.
   */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Appends `bytes` to a file, which is created if necessary. Calls for the same path run one after the other. A crash
   * may leave only the first part of the bytes; earlier contents are safe.
   * @throws FileError when the disk is full or fails.
   */
  appendFile(path: string, bytes: Uint8Array): Promise<void>;
  /** The names of a directory's entries, sorted. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** Creates a directory and its parents. Does nothing if it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Removes a file. Does nothing if it does not exist. */
  removeFile(path: string): Promise<void>;
  /**
   * The absolute path of a file or directory, with symbolic links resolved.
   * @throws FileError when it does not exist.
   */
  realPath(path: string): Promise<string>;
  /**
   * When a file was last written, in milliseconds since 1970.
   * @throws FileError when it does not exist.
   */
  modifiedAt(path: string): Promise<number>;
  /** True if the file or directory exists. */
  exists(path: string): Promise<boolean>;
}
