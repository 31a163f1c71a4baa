/** WGSL as tokens, and the annotations that Sluice's shaders carry in comments. https://www.w3.org/TR/WGSL/#tokens */
import { ValueError } from "../../core/errors.ts";

/** A token; `text` of space is one blank or one line break. */
export interface Token {
  readonly kind: "word" | "number" | "sign" | "space" | "unroll" | "each";
  /** As written; of `unroll`, the feature that it is for, or nothing. */
  readonly text: string;
  /** From a line for adapters with a feature, or (`!feature`) without. */
  readonly when?: string;
  readonly line: number;
}

/** A line's code, without the blanks around it, and the comment at its end. */
interface Line {
  readonly code: readonly Token[];
  readonly comment: string | undefined;
  readonly line: number;
}

const TOKEN = new RegExp(
  [
    /(?<space>\p{Pattern_White_Space}+)/u,
    /\/\/(?<comment>[^\n\v\f\r\u0085\u2028\u2029]*)/u,
    /(?<block>\/\*)/u,
    /(?<word>[_\p{XID_Start}]\p{XID_Continue}*)/u,
    /(?<number>0[xX][\da-fA-F]*\.?[\da-fA-F]*(?:[pP][+-]?\d+)?[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?)/u,
    /(?<sign>->|.)/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "suy",
);
const BREAK = /[\n\v\f\r\u0085\u2028\u2029]/u;
const COMMENT_EDGE = /\/\*|\*\//g;

/** The tokens of any WGSL, without comments and indents. */
export function tokensOf(source: string): Token[] {
  return linesOf(source).flatMap(({ code, line }) => [...code, lineBreak(line)]);
}

/**
 * As `tokensOf`, with annotations, which are comments in a line of their own, or at a line's end:
 *
 * - `// @unroll` before a loop unrolls it; `// @unroll(feature)` does so with that feature only.
 * - `// @with(feature) code` is code for adapters with the feature, `code // @without(feature)` for those without it.
 * - `declaration // @each`: a shader repeated for several tensors has such a buffer or param once for each. Functions
 *   that reach one need no mark; one that another file replaces has it at the end of its first line.
 */
export function annotatedTokensOf(source: string): Token[] {
  return linesOf(source).flatMap(annotate);
}

const lineBreak = (line: number): Token => ({ kind: "space", text: "\n", line });

function annotate({ code, comment = "", line }: Line): Token[] {
  const [, annotation, feature = "", rest = ""] = /^ @(\w+)(?:\((\w+)\))?(.*)$/.exec(comment) ?? [];
  if (annotation === "with" && code.length === 0) {
    return annotatedTokensOf(rest).map((token) => ({ ...token, when: feature, line }));
  }
  if (annotation === "unroll" && code.length === 0) return [{ kind: "unroll", text: feature, line }];
  if (code.length === 0) return [];
  const tokens = [...code, lineBreak(line)];
  if (annotation === "without") return tokens.map((token) => ({ ...token, when: `!${feature}` }));
  return annotation === "each" ? [...code, { kind: "each", text: "", line }, lineBreak(line)] : tokens;
}

/** The lines that hold code or a comment. */
function linesOf(source: string): Line[] {
  const lines: Line[] = [];
  let line = 1;
  let code: Token[] = [];
  let comment: string | undefined;
  const end = () => {
    if (code.at(-1)?.kind === "space") code.pop();
    if (code.length > 0 || comment !== undefined) lines.push({ code, comment, line });
    code = [];
    comment = undefined;
  };
  const space = (text: string) => {
    if (BREAK.test(text)) end();
    else if (code.length > 0 && code.at(-1)?.kind !== "space") code.push({ kind: "space", text: " ", line });
    line += text.split("\n").length - 1;
  };
  for (let at = 0; at < source.length; ) {
    TOKEN.lastIndex = at;
    const { 0: text = "", groups = {} } = TOKEN.exec(source) ?? {};
    const next = groups.block === undefined ? at + text.length : endOfBlock(source, at, line);
    if (groups.word !== undefined) code.push({ kind: "word", text, line });
    else if (groups.number !== undefined) code.push({ kind: "number", text, line });
    else if (groups.sign !== undefined) code.push({ kind: "sign", text, line });
    else if (groups.comment !== undefined) comment = groups.comment;
    // A comment of this kind stands for a blank.
    else space(groups.block === undefined ? text : source.slice(at, next));
    at = next;
  }
  end();
  return lines;
}

/** Where the comment that begins at `start` ends; comments of its kind nest in it. */
function endOfBlock(source: string, start: number, line: number): number {
  let depth = 0;
  COMMENT_EDGE.lastIndex = start;
  for (let edge = COMMENT_EDGE.exec(source); edge !== null; edge = COMMENT_EDGE.exec(source)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return COMMENT_EDGE.lastIndex;
  }
  throw new ValueError(`the shader's line ${line} begins a comment, /*, that is not closed`, { line });
}
