/** Finds the name that a mistyped name was probably meant to be. */

/** The name with the fewest typing errors between it and `given`; undefined when all are too far away. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const errors = names.map((name) => (given.length >= 3 && name.startsWith(given) ? 0 : typingErrors(given, name)));
  const fewest = Math.min(...errors);
  const name = names[errors.indexOf(fewest)];
  const most = Math.max(1, Math.floor(Math.min(given.length, name?.length ?? 0) / 3));
  return fewest <= most ? name : undefined;
}

/**
 * The number of letters to insert, delete, replace or swap with the next one (the optimal string alignment distance, a
 * restricted form of Damerau's).
 */
function typingErrors(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const replaced = at(row - 1, column - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}
