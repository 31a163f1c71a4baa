/** WGSL as tokens, with the annotations that Sluice's shaders carry in comments. */

/** A token; `text` of space is one blank or one line break. */
export interface Token {
  readonly kind: "word" | "number" | "sign" | "space" | "unroll" | "each";
  /** As written; of `unroll`, the feature that it is for, or nothing. */
  readonly text: string;
  /** From a line for adapters with a feature, or (`!feature`) without. */
  readonly when?: string;
  readonly line: number;
}

const WITH = /^\s*\/\/ @with\((\w+)\) (.*)$/;
const WITHOUT = /^(.*?)\s*\/\/ @without\((\w+)\)\s*$/;
const UNROLL = /^\s*\/\/ @unroll(?:\((\w+)\))?(?:\s.*)?$/;
const EACH = /^(.*?)\s*\/\/ @each\b.*$/;
const TOKEN =
  /(?<word>[A-Za-z_]\w*)|(?<number>(?:\d|\.\d)[\w.]*(?:(?<=[eEpP])[+-]\w+)?)|(?<space>\s+)|(?<sign>->|[\s\S])/g;

/**
 * The tokens of a file, without comments and indents. Annotations are comments that stand in a line of their own, or at a line's end:
 *
 * - `// @unroll` before a loop unrolls it; `// @unroll(feature)` does so with that feature only.
 * - `// @with(feature) code` is code for adapters with the feature, `code // @without(feature)` for those without it.
 * - `declaration // @each`: a shader repeated for several tensors has such a buffer or param once for each. Functions that
 *   reach one need no mark; one that another file replaces has it at the end of its first line.
 */
export function tokensOf(source: string): Token[] {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""));
  return text.split("\n").flatMap((line, index) => tokensOfLine(line, index + 1));
}

function tokensOfLine(line: string, number: number): Token[] {
  const included = WITH.exec(line);
  const excluded = WITHOUT.exec(line);
  const when = included ? { when: included[1] ?? "" } : excluded ? { when: `!${excluded[2]}` } : {};
  const code = included?.[2] ?? excluded?.[1] ?? line;
  const place = { ...when, line: number };
  const unroll = UNROLL.exec(code);
  if (unroll !== null) return [{ kind: "unroll", text: unroll[1] ?? "", ...place }];
  const each = EACH.exec(code);
  const words = (each?.[1] ?? code).replace(/\/\/.*$/, "").trim();
  if (words === "") return [];
  const tokens = [...words.matchAll(TOKEN)].map(({ groups = {} }): Token => {
    if (groups.word !== undefined) return { kind: "word", text: groups.word, ...place };
    if (groups.number !== undefined) return { kind: "number", text: groups.number, ...place };
    if (groups.space !== undefined) return { kind: "space", text: " ", ...place };
    return { kind: "sign", text: groups.sign ?? "", ...place };
  });
  const marks: Token[] = each === null ? [] : [{ kind: "each", text: "", ...place }];
  return [...tokens, ...marks, { kind: "space", text: "\n", ...place }];
}
