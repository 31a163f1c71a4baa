/** A disk or a quota that is used up, by its many names. */
import { FileError } from "./file_interface.ts";

/** What systems call it, and browsers; older ones have other words for it. */
const NAMES: ReadonlySet<string> = new Set([
  ...["ENOSPC", "EDQUOT"],
  ...["QuotaExceededError", "NS_ERROR_FILE_NO_DEVICE_SPACE", "NS_ERROR_DOM_QUOTA_EXCEEDED_ERR"],
]);

/**
 * Whether an error, Sluice's or the browser's own, says that there is no room left to write to.
 *
 * @example
 * await saves.save("checkpoint", files).catch((error) => {
 *   if (isStorageFull(error)) showAdvice("Free some space: this training is not kept.");
 * });
 */
export function isStorageFull(error: unknown): boolean {
  if (error instanceof FileError) return NAMES.has(String(error.details.code));
  return error instanceof Error && NAMES.has(error.name);
}
