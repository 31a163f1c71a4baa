/** Runs asynchronous work on one resource, such as a file, one piece at a time. */

/** The most recent work by key; it never rejects. */
const last = new Map<unknown, Promise<unknown>>();

/**
 * Runs `work` after all earlier work with the same key has settled. The order is that of the calls.
 *
 * @example
 * await Promise.all([inTurn("a.txt", writeOld), inTurn("a.txt", writeNew)]); // the file ends up with the new contents
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
