/** The module-level declarations of any WGSL source. */
import { at } from "../../core/at.ts";
import { ValueError } from "../../core/errors.ts";
import { type Token, tokensOf } from "./lexer.ts";
import { evaluate } from "./printer.ts";

/** A declaration as it stands in its file. */
export interface RawDeclaration {
  /** "fn", "var", "const", "override", "alias", "struct", "enable", … */
  readonly keyword: string;
  /** The declared name; of `enable` the extension's. */
  readonly name: string;
  /** Attributes before the keyword with their arguments: `@binding(1)` is `binding` -> "1". */
  readonly attributes: ReadonlyMap<string, string>;
  /** Every token, spaces and annotations included. */
  readonly tokens: readonly Token[];
  /** Index in `tokens` of what follows the declared name. */
  readonly rest: number;
  /** Between `<` and `>` of a `var`: its address space, then its access. */
  readonly space: readonly string[];
}

const PAIRS: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);
const CLOSING: ReadonlySet<string> = new Set(PAIRS.values());

/** The declarations that these tokens make. @throws ValueError where brackets do not match, naming the line. */
export function declarationsOf(tokens: readonly Token[]): RawDeclaration[] {
  const declarations: RawDeclaration[] = [];
  const open: Token[] = [];
  let current: Token[] = [];
  const end = () => {
    if (current.some(({ kind }) => kind === "word")) declarations.push(readDeclaration(current));
    current = [];
  };
  for (const [index, token] of tokens.entries()) {
    // An annotation here is the one before's, which has it already.
    if (current.length === 0 && (token.kind === "space" || token.kind === "each" || token.text === ";")) continue;
    current.push(token);
    if (token.kind !== "sign") continue;
    if (PAIRS.has(token.text)) open.push(token);
    if (CLOSING.has(token.text)) expectPair(open.pop(), token);
    if (open.length > 0 || (token.text !== ";" && token.text !== "}")) continue;
    // The annotation at the declaration's end is a part of it.
    const next = tokens[index + 1];
    if (next?.kind === "each") current.push(next);
    end();
  }
  const [first] = open;
  if (first !== undefined) throw unclosed(first);
  end();
  return declarations;
}

function expectPair(open: Token | undefined, { text, line }: Token): void {
  if (open === undefined) throw new ValueError(`the shader's line ${line} closes "${text}", which is not open`);
  if (PAIRS.get(open.text) === text) return;
  throw new ValueError(`the shader's line ${line} closes "${text}", but "${open.text}" of line ${open.line} is open`);
}

const unclosed = ({ text, line }: Token) =>
  new ValueError(`the shader's line ${line} opens "${text}", which is not closed`);

function readDeclaration(tokens: readonly Token[]): RawDeclaration {
  const attributes = new Map<string, string>();
  let place = 0;
  const skip = () => {
    while (tokens[place]?.kind === "space" || tokens[place]?.kind === "each") place++;
  };
  const text = () => tokens[place]?.text;
  for (skip(); text() === "@"; skip()) {
    place++;
    skip();
    const name = text() ?? "";
    place++;
    skip();
    let argument = "";
    if (text() === "(") {
      const close = closing(tokens, place);
      argument = textOf(tokens.slice(place + 1, close))
        .replace(/,\s*$/, "")
        .trim();
      place = close + 1;
    }
    attributes.set(name, argument);
  }
  const keyword = text() ?? "";
  place++;
  skip();
  let space: string[] = [];
  if (keyword === "var" && text() === "<") {
    const close = tokens.findIndex((token, index) => index > place && token.text === ">");
    space = textOf(tokens.slice(place + 1, close))
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    place = close + 1;
    skip();
  }
  const name = text() ?? "";
  return { keyword, name, attributes, tokens, rest: place + 1, space };
}

/** The index of the bracket that closes the one at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    const { kind, text } = at(tokens, index);
    if (kind === "sign" && PAIRS.has(text)) depth++;
    if (kind === "sign" && CLOSING.has(text) && --depth === 0) return index;
  }
  throw unclosed(at(tokens, open));
}

/** The tokens' code, without annotations. */
export function textOf(tokens: readonly Token[]): string {
  return tokens.map(({ kind, text }) => (kind === "each" || kind === "unroll" ? "" : text)).join("");
}

/** A buffer that a shader binds in group 0. */
export interface ShaderBinding {
  readonly binding: number;
  readonly name: string;
  readonly type: "uniform" | "storage" | "read-only-storage";
}

/**
 * The buffers that any WGSL binds in group 0, in the order of their numbers.
 * @throws ValueError for other groups, and for textures and samplers.
 * @example
 * shaderBindings("@group(0) @binding(0) var<storage, read> x : array<f32>;");
 * // [{ binding: 0, name: "x", type: "read-only-storage" }]
 */
export function shaderBindings(source: string): ShaderBinding[] {
  const declarations = declarationsOf(tokensOf(source));
  const constants = wholeNumbers(declarations);
  const bound = declarations.filter(({ attributes }) => attributes.has("binding"));
  const bindings = bound.map(({ name, attributes, space: [space, access] }): ShaderBinding => {
    const number = (attribute: string) => {
      const text = attributes.get(attribute);
      if (text === undefined) throw new ValueError(`the shader binds "${name}" without @${attribute}`, { name });
      const value = evaluate(text, constants);
      if (value !== undefined) return value;
      throw new ValueError(
        `the shader binds "${name}" by @${attribute}(${text}); expected a whole number, or such a constant`,
        { name },
      );
    };
    const group = number("group");
    if (group !== 0) {
      throw new ValueError(`the shader binds "${name}" in group ${group}; expected all buffers in group 0`, { name });
    }
    if (space !== "storage" && space !== "uniform") {
      throw new ValueError(
        `the shader binds "${name}", which is not a buffer; expected var<storage> and var<uniform> only`,
        { name },
      );
    }
    const type = space === "uniform" ? "uniform" : access === "read_write" ? "storage" : "read-only-storage";
    return { binding: number("binding"), name, type };
  });
  return bindings.sort((a, b) => a.binding - b.binding);
}

/** Values of the constants that are whole numbers; they may stand in any order. */
function wholeNumbers(declarations: readonly RawDeclaration[]): Map<string, number> {
  const values = new Map<string, number>();
  for (let before = -1; before < values.size; ) {
    before = values.size;
    for (const { keyword, name, tokens, rest } of declarations) {
      if (keyword !== "const") continue;
      const [, expression = ""] = /=([^;]*)/.exec(textOf(tokens.slice(rest))) ?? [];
      const value = evaluate(expression, values);
      if (value !== undefined) values.set(name, value);
    }
  }
  return values;
}

/** Names of any WGSL's compute entry points, in their order. */
export function entryPoints(source: string): string[] {
  return declarationsOf(tokensOf(source))
    .filter(({ keyword, attributes }) => keyword === "fn" && attributes.has("compute"))
    .map(({ name }) => name);
}
