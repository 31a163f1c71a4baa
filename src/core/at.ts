/** Bounds-checked indexing. */

/**
 * The element at `index`.
 * @throws RangeError when the index is out of range, which is a bug in the caller.
 */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`index ${index} is out of range for a list of length ${list.length}`);
  return element;
}

/** Adds `value` to the number at `index`. @throws RangeError when the index is out of range. */
export function addAt(list: Float64Array, index: number, value: number): void {
  list[index] = at(list, index) + value;
}
