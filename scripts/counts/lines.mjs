// Counts lines of code, long lines and long files.
import { linesOfCode, moduleOf } from "./sources.mjs";

const MOST_COLUMNS = 120;
const MOST_LINES = 400;

/** Counts lines with more than whitespace and comments, by module, for TypeScript and WGSL. */
export function linesByModule(files) {
  const counts = new Map();
  for (const file of files) {
    const count = counts.get(moduleOf(file)) ?? { files: 0, script: 0, wgsl: 0 };
    counts.set(moduleOf(file), count);
    count.files++;
    const lines = linesOfCode(file).filter((line) => line.trim() !== "").length;
    count[file.path.endsWith(".wgsl") ? "wgsl" : "script"] += lines;
  }
  return [...counts].map(([module, count]) => ({ module, ...count, all: count.script + count.wgsl }));
}

/** Lists lines of more than 120 columns, including comments, as `path:line`. */
export function longLines(files) {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => ([...line].length > MOST_COLUMNS ? [`${path}:${index + 1}`] : [])),
  );
}

/** Lists files of more than 400 lines, as `path (lines)`. */
export function longFiles(files) {
  return files.flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, "").split("\n").length;
    return lines > MOST_LINES ? [`${path} (${lines})`] : [];
  });
}
