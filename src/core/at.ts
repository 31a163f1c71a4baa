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

/** Adds `value` to the number at `index`. @throws RangeError when there is none. */
export function addAt(list: Float64Array, index: number, value: number): void {
  list[index] = at(list, index) + value;
}
