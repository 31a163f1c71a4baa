/** Converts errors to messages for the page. They carry a kind, because minified builds do not keep class names. */
import {
  AbortError,
  DeviceError,
  DeviceLostError,
  FileError,
  FormatError,
  isStorageFull,
  NonFiniteError,
  ValueError,
} from "sluice";
import type { Failure, FailureCause } from "../messages/failure.ts";
import { NoModelError } from "./no_model_error.ts";

function causeOf(error: unknown): FailureCause {
  if (error instanceof AbortError) return "aborted";
  if (error instanceof DeviceLostError) return "gpuLost";
  if (error instanceof DeviceError) return "noGpu";
  if (error instanceof NonFiniteError) return "notFinite";
  if (error instanceof NoModelError) return "noModel";
  if (error instanceof Error && error.name === "AbortError") return "aborted";
  if (isStorageFull(error)) return "diskFull";
  if (error instanceof ValueError) return "badValue";
  return error instanceof FormatError || error instanceof FileError ? "badFile" : "other";
}

/** The message for an error. */
export function failureOf(error: unknown): Failure {
  return { cause: causeOf(error), message: error instanceof Error ? error.message : String(error) };
}
