/**
 * The errors that Sluice throws. Each message says what was expected, what was received and what to do; `details` holds
 * the same facts for programs.
 */

/** Facts about an error, for a program to read. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The base class of all errors that Sluice throws deliberately. */
export class SluiceError extends Error {
  // Names are string literals because minifiers rename classes.
  override readonly name: string = "SluiceError";
  /** Structured facts: shapes, names, limits. */
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** Shapes that do not match. */
export class ShapeError extends SluiceError {
  override readonly name: string = "ShapeError";
}

/** A dtype that an operation does not accept. */
export class DTypeError extends SluiceError {
  override readonly name: string = "DTypeError";
}

/** A value outside what is allowed: an option, a label, a token id. */
export class ValueError extends SluiceError {
  override readonly name: string = "ValueError";
}

/**
 * No adapter is available, the request for a device was rejected, a device limit was exceeded, or the device reported
 * an error.
 */
export class DeviceError extends SluiceError {
  override readonly name: string = "DeviceError";
}

/** A request exceeds a limit of the device or of a kernel; a smaller one may succeed. */
export class LimitError extends DeviceError {
  override readonly name: string = "LimitError";
}

/**
 * A buffer does not fit into the GPU's memory or into `memoryLimit` of `requestDevice`. Buffers that were created for
 * the same request are freed, and the state is unchanged.
 */
export class OutOfMemoryError extends LimitError {
  override readonly name: string = "OutOfMemoryError";
}

/** The device was lost and Sluice could not recover: the driver, the browser or the app removed it. */
export class DeviceLostError extends DeviceError {
  override readonly name: string = "DeviceLostError";

  /**
   * `"destroyed"` after a call of `destroy()`, `"unknown"` after a failure of the driver, the GPU process or the
   * machine.
   */
  get reason(): string {
    return typeof this.details.reason === "string" ? this.details.reason : "unknown";
  }

  /** For a training run: the last step in the snapshot. `fit(…, { resume: true })` continues from there. */
  get lastStep(): number | undefined {
    return typeof this.details.lastStep === "number" ? this.details.lastStep : undefined;
  }
}

/** An object was used after `dispose()`. */
export class DisposedError extends SluiceError {
  override readonly name: string = "DisposedError";
}

/** A file or stream does not have the expected format. */
export class FormatError extends SluiceError {
  override readonly name: string = "FormatError";
}

/**
 * A loss, a gradient, a weight or the optimizer's state became infinite or NaN, or such a model was about to be saved.
 * `details.step` is the step in which it was detected; `details.lastStep` is the last step that the model keeps.
 */
export class NonFiniteError extends SluiceError {
  override readonly name: string = "NonFiniteError";
}

/** An AbortSignal stopped the work. The name is `AbortError`, as in web APIs. */
export class AbortError extends SluiceError {
  override readonly name: string = "AbortError";
}
