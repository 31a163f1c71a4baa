// Finds duplicated blocks of code.
import { blanked, isScript, linesOfCode, syntaxOf } from "./sources.mjs";

const SHORTEST = 6;

/**
 * Finds runs of at least 6 lines that occur twice, each as long as possible. Lines are compared without comments and
 * with whitespace collapsed; lines without a letter or digit (`}`, `});`), imports and re-exports are skipped. A block
 * that occurs three times counts as three pairs.
 */
export function duplicates(files) {
  const lines = files.flatMap(contentOf);
  const places = new Map();
  for (let at = 0; at + SHORTEST <= lines.length; at++) {
    const run = lines.slice(at, at + SHORTEST);
    if (run.some(({ file }) => file !== run[0].file)) continue;
    const key = run.map(({ content }) => content).join("\n");
    places.set(key, [...(places.get(key) ?? []), at]);
  }
  const inTwoPlaces = new Set();
  const blocks = [];
  for (const starts of places.values()) {
    for (const [index, a] of starts.entries()) {
      for (const b of starts.slice(index + 1)) {
        // This run was already found one line earlier.
        if (isAlike(lines, a - 1, b - 1, a, b)) continue;
        let length = SHORTEST;
        while (isAlike(lines, a + length, b + length, a, b)) length++;
        for (let n = 0; n < length; n++) inTwoPlaces.add(a + n).add(b + n);
        blocks.push({ lines: length, places: [placeOf(lines[a]), placeOf(lines[b])] });
      }
    }
  }
  blocks.sort((a, b) => b.lines - a.lines || (a.places.join() < b.places.join() ? -1 : 1));
  return { blocks, lines: inTwoPlaces.size };
}

function isAlike(lines, at, other, a, b) {
  const [one, two] = [lines[at], lines[other]];
  return (
    one !== undefined &&
    two !== undefined &&
    one.content === two.content &&
    one.file === lines[a].file &&
    two.file === lines[b].file &&
    // A block must not overlap its duplicate.
    (at < b || at < a)
  );
}

const placeOf = ({ file, number }) => `${file.path}:${number}`;

/** The lines to compare. */
function contentOf(file) {
  return withoutImports(file, linesOfCode(file).join("\n"))
    .split("\n")
    .map((line, index) => ({ file, number: index + 1, content: line.trim().replace(/\s+/g, " ") }))
    .filter(({ content }) => /[\p{L}\p{N}]/u.test(content));
}

function withoutImports(file, text) {
  if (!isScript(file)) return text;
  return blanked(
    text,
    syntaxOf(file).program.body.filter((node) => node.source != null),
  );
}
