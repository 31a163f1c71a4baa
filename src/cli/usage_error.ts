import { SluiceError } from "../core/errors.ts";

/** Something on the command line that cannot be used as it was typed: exit status 2. */
export class UsageError extends SluiceError {
  override readonly name: string = "UsageError";
}
