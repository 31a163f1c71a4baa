/** Errors on their way to the page: a minified build keeps no names of classes, so their kinds cross instead. */
import { AbortError, DeviceError, DeviceLostError, FileError, FormatError, NonFiniteError } from "sluice";
import type { Failure, FailureCause } from "../protocol.ts";
import { NoModelError } from "./no_model_error.ts";

/** What browsers and systems call a disk or a quota that is used up. */
const FULL = ["QuotaExceededError", "NS_ERROR_FILE_NO_DEVICE_SPACE", "NS_ERROR_DOM_QUOTA_EXCEEDED_ERR", "ENOSPC"];

function causeOf(error: unknown): FailureCause {
  if (error instanceof AbortError) return "aborted";
  if (error instanceof DeviceLostError) return "gpuLost";
  if (error instanceof DeviceError) return "noGpu";
  if (error instanceof NonFiniteError) return "notFinite";
  if (error instanceof NoModelError) return "noModel";
  const { name } = error instanceof Error ? error : { name: "" };
  if (name === "AbortError") return "aborted";
  const code = error instanceof FileError ? error.details.code : name;
  if (FULL.includes(String(code))) return "diskFull";
  return error instanceof FormatError || error instanceof FileError ? "badFile" : "other";
}

/** What of an error crosses to the page. */
export function failureOf(error: unknown): Failure {
  return { cause: causeOf(error), message: error instanceof Error ? error.message : String(error) };
}
