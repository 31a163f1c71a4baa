/** Indexing where the index is known to be inside. */

/**
 * The element at `index`.
 * @throws RangeError when there is none, which is a fault of the caller.
 */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`index ${index} is outside of a list of ${list.length}`);
  return element;
}
