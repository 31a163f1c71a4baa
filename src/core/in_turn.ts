/** Work on one thing, such as a file, one after the other. */

/** The work that was asked for last, by key; it never rejects. */
const last = new Map<unknown, Promise<unknown>>();

/**
 * Does `work` once all work that was asked for under this key before has ended, well or not. The order is that of the
 * calls.
 *
 * @example
 * await Promise.all([inTurn("a.txt", writeOld), inTurn("a.txt", writeNew)]); // the new text is what stays
 */
export function inTurn<T>(key: unknown, work: () => Promise<T>): Promise<T> {
  const result = (last.get(key) ?? Promise.resolve()).then(work);
  const end = result
    .catch(() => undefined)
    .then(() => {
      if (last.get(key) === end) last.delete(key);
    });
  last.set(key, end);
  return result;
}
