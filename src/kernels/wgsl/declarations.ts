/** The module-level declarations of any WGSL source. */
import { ValueError } from "../../core/errors.ts";
import { type Token, tokensOf } from "./lexer.ts";

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

const OPENING = new Set(["(", "[", "{"]);
const CLOSING = new Set([")", "]", "}"]);

/** @throws ValueError where brackets do not match, naming the line. */
export function declarationsOf(source: string): RawDeclaration[] {
  const declarations: RawDeclaration[] = [];
  let current: Token[] = [];
  let depth = 0;
  const end = () => {
    if (current.some(({ kind }) => kind === "word")) declarations.push(readDeclaration(current));
    current = [];
  };
  const tokens = tokensOf(source);
  for (const [index, token] of tokens.entries()) {
    // An annotation here is the one before's, which has it already.
    if (current.length === 0 && (token.kind === "space" || token.kind === "each" || token.text === ";")) continue;
    current.push(token);
    if (token.kind !== "sign") continue;
    if (OPENING.has(token.text)) depth++;
    if (CLOSING.has(token.text)) depth--;
    if (depth < 0) throw new ValueError(`the shader's line ${token.line} closes "${token.text}", which is not open`);
    if (depth > 0 || (token.text !== ";" && token.text !== "}")) continue;
    // The annotation at the declaration's end is a part of it.
    const next = tokens[index + 1];
    if (next?.kind === "each") current.push(next);
    end();
  }
  if (depth > 0) throw new ValueError("the shader ends before all of its brackets are closed");
  end();
  return declarations;
}

function readDeclaration(tokens: readonly Token[]): RawDeclaration {
  const attributes = new Map<string, string>();
  let at = 0;
  const skip = () => {
    while (tokens[at]?.kind === "space" || tokens[at]?.kind === "each") at++;
  };
  const text = () => tokens[at]?.text;
  for (skip(); text() === "@"; skip()) {
    at++;
    skip();
    const name = text() ?? "";
    at++;
    skip();
    let argument = "";
    if (text() === "(") {
      const close = closing(tokens, at);
      argument = textOf(tokens.slice(at + 1, close)).trim();
      at = close + 1;
    }
    attributes.set(name, argument);
  }
  const keyword = text() ?? "";
  at++;
  skip();
  let space: string[] = [];
  if (keyword === "var" && text() === "<") {
    const close = tokens.findIndex((token, index) => index > at && token.text === ">");
    space = textOf(tokens.slice(at + 1, close))
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "");
    at = close + 1;
    skip();
  }
  const name = text() ?? "";
  return { keyword, name, attributes, tokens, rest: at + 1, space };
}

/** The index of the bracket that closes the one at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    const { kind, text } = tokens[index] ?? { kind: "space", text: "" };
    if (kind === "sign" && OPENING.has(text)) depth++;
    if (kind === "sign" && CLOSING.has(text) && --depth === 0) return index;
  }
  throw new ValueError(`the shader's line ${tokens[open]?.line} opens "${tokens[open]?.text}", which is not closed`);
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
 * The buffers that a source binds in group 0, in the order of their numbers.
 * @throws ValueError for other groups, and for textures and samplers.
 * @example
 * shaderBindings("@group(0) @binding(0) var<storage, read> x : array<f32>;"); // [{ binding: 0, name: "x", type: "read-only-storage" }]
 */
export function shaderBindings(source: string): ShaderBinding[] {
  const bound = declarationsOf(source).filter(({ attributes }) => attributes.has("binding"));
  const bindings = bound.map(({ name, attributes, space: [space, access] }): ShaderBinding => {
    if (Number.parseInt(attributes.get("group") ?? "", 10) !== 0) {
      throw new ValueError(
        `the shader binds "${name}" in group ${attributes.get("group")}; expected all buffers in group 0`,
        { name },
      );
    }
    if (space !== "storage" && space !== "uniform") {
      throw new ValueError(
        `the shader binds "${name}", which is no buffer; expected var<storage> and var<uniform> only`,
        { name },
      );
    }
    const binding = Number.parseInt(attributes.get("binding") ?? "", 10);
    const type = space === "uniform" ? "uniform" : access === "read_write" ? "storage" : "read-only-storage";
    return { binding, name, type };
  });
  return bindings.sort((a, b) => a.binding - b.binding);
}

/** Names of the source's compute entry points, in their order. */
export function entryPoints(source: string): string[] {
  return declarationsOf(source)
    .filter(({ keyword, attributes }) => keyword === "fn" && attributes.has("compute"))
    .map(({ name }) => name);
}
