import { bytes, type TableOf, withDefault } from "../core/option_table.ts";
import { MAX_FILE_BYTES } from "./read_source.ts";

/** A limit on the size of a file; larger files are rejected. */
export interface FileLimits {
  /** The most bytes of the file, and of its weights after unpacking. Default: 2^31 − 1. */
  readonly maxBytes?: number | undefined;
}

/** The options of `FileLimits`. */
export const FILE_LIMITS = { maxBytes: withDefault(bytes, MAX_FILE_BYTES) } satisfies TableOf<FileLimits>;
