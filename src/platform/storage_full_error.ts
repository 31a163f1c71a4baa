/** Recognizes errors that mean that the disk or the quota is full. */
import { FileError } from "./file_interface.ts";

/** The names of this error in operating systems and in browsers, old ones included. */
const NAMES: ReadonlySet<string> = new Set([
  ...["ENOSPC", "EDQUOT"],
  ...["QuotaExceededError", "NS_ERROR_FILE_NO_DEVICE_SPACE", "NS_ERROR_DOM_QUOTA_EXCEEDED_ERR"],
]);

/**
 * True if an error, Sluice's or the browser's, means that the storage is full.
 *
 * @example
 * await saves.save("checkpoint", files).catch((error) => {
 *   if (isStorageFull(error)) showAdvice("Free some space: this training run is not saved.");
 * });
 */
export function isStorageFull(error: unknown): boolean {
  if (error instanceof FileError) return NAMES.has(String(error.details.code));
  return error instanceof Error && NAMES.has(error.name);
}
