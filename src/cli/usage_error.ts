import { SluiceError } from "../core/errors.ts";

/** The command line is invalid. The exit status is 2. */
export class UsageError extends SluiceError {
  override readonly name: string = "UsageError";
}
