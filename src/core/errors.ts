/**
 * The errors that Sluice throws. Each says what was expected, what came, and what to do;
 * `details` holds the same facts for a program to read.
 */

/** Facts about an error, for a program to read. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The base of every error that Sluice throws on purpose. */
export class SluiceError extends Error {
  // Names are written out: a page's minifier renames classes.
  override readonly name: string = "SluiceError";
  /** Structured facts: shapes, names, limits. */
  readonly details: ErrorDetails;

  constructor(message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.details = details;
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends SluiceError {
  override readonly name: string = "ShapeError";
}

/** A dtype that an operation does not take. */
export class DTypeError extends SluiceError {
  override readonly name: string = "DTypeError";
}

/** A value outside what is allowed: an option, a label, a token id. */
export class ValueError extends SluiceError {
  override readonly name: string = "ValueError";
}

/** No adapter, a refused device, a limit of the device that was hit, or a fault that the device reported. */
export class DeviceError extends SluiceError {
  override readonly name: string = "DeviceError";
}

/** What was asked for passes a limit of the device or of a kernel: a smaller piece of it would do. */
export class LimitError extends DeviceError {
  override readonly name: string = "LimitError";
}

/**
 * A buffer for which the GPU, or the `memoryLimit` of `requestDevice`, has no room. What was made before it is freed;
 * nothing has changed.
 */
export class OutOfMemoryError extends LimitError {
  override readonly name: string = "OutOfMemoryError";
}

/** The device was lost, and the work could not go on by itself: the driver, the browser or the app took it away. */
export class DeviceLostError extends DeviceError {
  override readonly name: string = "DeviceLostError";

  /**
   * `"destroyed"` where somebody called `destroy()`, `"unknown"` where the driver, the GPU process or the machine
   * failed.
   */
  get reason(): string {
    return typeof this.details.reason === "string" ? this.details.reason : "unknown";
  }

  /** Of a training: the steps of the model's life that are kept, from which `fit(…, { resume: true })` goes on. */
  get lastStep(): number | undefined {
    return typeof this.details.lastStep === "number" ? this.details.lastStep : undefined;
  }
}

/** Something was used after `dispose()`. */
export class DisposedError extends SluiceError {
  override readonly name: string = "DisposedError";
}

/** A file or stream that is not what it should be. */
export class FormatError extends SluiceError {
  override readonly name: string = "FormatError";
}

/** A loss or a gradient stopped being a finite number. */
export class NonFiniteError extends SluiceError {
  override readonly name: string = "NonFiniteError";
}

/** Work that was stopped by an AbortSignal. Its name is `AbortError`, as everywhere on the web. */
export class AbortError extends SluiceError {
  override readonly name: string = "AbortError";
}
