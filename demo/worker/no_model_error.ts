/** The requested model does not exist: none has been trained yet, or the page has none. */
export class NoModelError extends Error {
  override readonly name = "NoModelError";
}
