/** A question to a model that is not there: none was trained yet, or none is shipped. */
export class NoModelError extends Error {
  override readonly name = "NoModelError";
}
