/** From a WGSL file to its template. Pages never run this: the build does. */
import { ValueError } from "../../core/errors.ts";
import { closing, declarationsOf, type RawDeclaration, textOf } from "./declarations.ts";
import { annotatedTokensOf, type Token } from "./lexer.ts";
import { PREDECLARED } from "./predeclared.ts";
import type { Declaration, EntryDeclaration, ParamDeclaration, Piece, ShaderTemplate } from "./template.ts";

/**
 * Parses a shader: a struct `Params` of scalars, bound as the uniform `params` at binding 0; storage buffers from
 * binding 1 on; constants, functions, entry points.
 * @throws ValueError naming what the file declares in another form, and its line.
 */
export function parseShader(source: string): ShaderTemplate {
  const raw = declarationsOf(annotatedTokensOf(source));
  const params = raw.find(({ keyword, name }) => keyword === "struct" && name === "Params");
  const rest = raw.filter((each) => each !== params && each.name !== "params");
  const builtIn = rest.find(({ keyword, name }) => keyword !== "enable" && PREDECLARED.has(name));
  if (builtIn !== undefined) fail(builtIn.tokens[0], `another name than ${builtIn.name}, which WGSL itself gives`);
  const own = ownNames(params, rest);
  const constants = new Set(rest.filter(isConstant).map(({ name }) => name));
  const declarations = inBindingOrder(rest).map((each) => readDeclaration(each, own, constants));
  return { ...(params && { params: readParams(params) }), declarations };
}

/** Buffers first, by their numbers: a template need not hold these, since a printed shader numbers its own. */
function inBindingOrder(declarations: readonly RawDeclaration[]): RawDeclaration[] {
  const numberOf = ({ attributes }: RawDeclaration) => Number(attributes.get("binding") ?? Number.POSITIVE_INFINITY);
  return declarations.toSorted((a, b) => (numberOf(a) === numberOf(b) ? 0 : numberOf(a) - numberOf(b)));
}

/** Constants and aliases, which a printed shader always has: what uses them need not say so. */
const isConstant = ({ keyword }: RawDeclaration) => keyword === "const" || keyword === "alias";

const isCode = ({ kind }: Token) => kind !== "space" && kind !== "each";
const isWord = (token: Token | undefined, text: string) => token?.kind === "word" && token.text === text;

function fail(token: Token | undefined, expected: string): never {
  throw new ValueError(`shader, line ${token?.line}: found "${token?.text}"; expected ${expected}`);
}

/** The members of `Params`. */
function readParams({ tokens, rest }: RawDeclaration): ParamDeclaration[] {
  const open = tokens.findIndex(({ text }, index) => index >= rest && text === "{");
  const params: ParamDeclaration[] = [];
  const body = tokens.slice(open + 1, closing(tokens, open)).filter(({ kind }) => kind !== "space");
  for (let at = 0; at < body.length; ) {
    const [name, colon, type] = body.slice(at, at + 3);
    if (name === undefined || colon?.text !== ":" || !isScalar(type?.text)) fail(type ?? name, "name: u32, i32 or f32");
    at += 3;
    if (body[at]?.text === ",") at++;
    const isOwn = body[at]?.kind === "each";
    if (isOwn) at++;
    params.push({ name: name.text, type: type.text, ...(isOwn && { isOwn }) });
  }
  return params;

  function isScalar(text: string | undefined): text is ParamDeclaration["type"] {
    return text === "u32" || text === "i32" || text === "f32";
  }
}

/** What is marked `// @each`, which a repeated shader has once for each tensor, and the functions that reach it. */
function ownNames(params: RawDeclaration | undefined, declarations: readonly RawDeclaration[]): OwnNames {
  const members = new Set(
    params === undefined ? [] : readParams(params).flatMap((each) => (each.isOwn ? each.name : [])),
  );
  const names = new Set(
    declarations.flatMap(({ keyword, name, tokens }) =>
      (keyword === "var" || keyword === "fn") && tokens.some(({ kind }) => kind === "each") ? name : [],
    ),
  );
  const functions = declarations.filter(({ keyword }) => keyword === "fn");
  const reaches = ({ tokens }: RawDeclaration) =>
    tokens.some((token, at) =>
      isParam(tokens, at) ? members.has(token.text) : isName(tokens, at) && names.has(token.text),
    );
  for (let before = -1; before !== names.size; ) {
    before = names.size;
    for (const each of functions) if (reaches(each)) names.add(each.name);
  }
  return { names, params: members };
}

interface OwnNames {
  readonly names: ReadonlySet<string>;
  readonly params: ReadonlySet<string>;
}

/** Whether the token at `at` names something of its own right: not a member behind a dot. */
function isName(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.kind === "word" && previous(tokens, at)?.text !== ".";
}

/** Whether the token at `at` is the member of `params.member`. */
function isParam(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.kind === "word" && tokens[at - 1]?.text === "." && isWord(tokens[at - 2], "params");
}

function previous(tokens: readonly Token[], at: number): Token | undefined {
  let index = at - 1;
  while (tokens[index]?.kind === "space") index--;
  return tokens[index];
}

function readDeclaration(raw: RawDeclaration, own: OwnNames, constants: ReadonlySet<string>): Declaration {
  const { keyword, name, attributes, tokens, rest } = raw;
  const condition = tokens[0]?.when;
  const uses = isConstant(raw) ? "" : usesOf(raw, constants).join(" ");
  const head = { name, ...(condition !== undefined && { when: condition }), ...(uses !== "" && { uses }) };
  const isOwn = own.names.has(name) && { isOwn: true };
  const value = () => textOf(tokens.slice(rest)).replace(/;\s*$/, "").trim();
  if (keyword === "enable") return { kind: "enable", ...head };
  if (keyword === "const" || keyword === "alias") {
    const [, type, text = ""] =
      /^(?::\s*([^=]+?)\s*)?=\s*([\s\S]*)$/.exec(value()) ?? fail(tokens[0], `${keyword} NAME = value`);
    return { kind: keyword, ...head, ...(type !== undefined && { type }), value: text };
  }
  if (keyword === "var" && attributes.has("binding")) {
    const [space, access] = raw.space;
    if (space !== "storage" || (access !== "read" && access !== "read_write"))
      fail(tokens[0], "var<storage, read or read_write>");
    return { kind: "buffer", ...head, access, type: value().replace(/^:\s*/, ""), ...isOwn };
  }
  if (keyword !== "fn" && keyword !== "struct" && keyword !== "var") fail(tokens[0], "const, alias, struct, var or fn");
  const pieces = new PieceReader(tokens, own, condition);
  if (!attributes.has("compute")) return { kind: "code", ...head, code: pieces.read(0, tokens.length), ...isOwn };
  const open = tokens.findIndex(({ text }, index) => index >= rest && text === "(");
  const close = closing(tokens, open);
  const brace = tokens.findIndex(({ text }, index) => index > close && text === "{");
  const parameters = readParameters(tokens.slice(open + 1, close));
  return {
    kind: "entry",
    ...head,
    threads: attributes.get("workgroup_size") ?? "1",
    ...(parameters.length > 0 && { parameters }),
    code: pieces.read(brace + 1, closing(tokens, brace)),
  };
}

/** `@builtin(workgroup_id) group: vec3u, …` */
function readParameters(tokens: readonly Token[]): NonNullable<EntryDeclaration["parameters"]> {
  const words = tokens.filter(isCode);
  const parameters: { attribute: string; name: string; type: string; when?: string }[] = [];
  for (let at = 0; at < words.length; ) {
    const end = words.findIndex(({ text }, index) => index > at && text === ",");
    const own = words.slice(at, end < 0 ? words.length : end);
    const [, attribute, , builtin, , name, , ...type] = own;
    if (attribute?.text !== "builtin" || name === undefined) fail(own[0], "@builtin(name) parameter: type");
    parameters.push({
      attribute: builtin?.text ?? "",
      name: name.text,
      type: textOf(type),
      ...(own[0]?.when !== undefined && { when: own[0].when }),
    });
    at += own.length + 1;
  }
  return parameters;
}

/** The names of the module that a declaration's code reads. */
function usesOf({ tokens, name }: RawDeclaration, constants: ReadonlySet<string>): string[] {
  const code = tokens.filter(isCode);
  const locals = new Set<string>([name, ...constants]);
  code.forEach(({ text }, at) => {
    if (text === "let" || text === "const" || (text === "var" && code[at + 1]?.text !== "<"))
      locals.add(code[at + 1]?.text ?? "");
    // Parameters and members: `name: type`, but not `case 1u: {` or `default: {`.
    if (text === ":" && code[at - 1]?.kind === "word" && code[at + 1]?.kind === "word")
      locals.add(code[at - 1]?.text ?? "");
  });
  const names = code.flatMap(({ kind, text }, at) =>
    kind === "word" && code[at - 1]?.text !== "." && code[at - 1]?.text !== "@" ? text : [],
  );
  return [...new Set(names)].filter((each) => !locals.has(each) && !PREDECLARED.has(each)).sort();
}

/** Whether the token at `at` is a blank that does not part two words, nor two signs that might be read as one. */
function isIdleBlank(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.text !== " ") return false;
  const around = [tokens[at - 1], tokens[at + 1]];
  const isSign = (token: Token | undefined) => token?.kind === "sign";
  return around.every(isSign) ? around.some((token) => BRACKETS.has(token?.text ?? "")) : around.some(isSign);
}

const BRACKETS = new Set(["(", ")", "[", "]", "{", "}", ",", ";"]);

/** Splits code at what edits may change. */
class PieceReader {
  readonly #tokens: readonly Token[];
  readonly #own: OwnNames;
  readonly #variables: string[] = [];
  readonly #arrays: ReadonlySet<string>;
  #condition: string | undefined;

  constructor(tokens: readonly Token[], own: OwnNames, condition: string | undefined) {
    this.#tokens = tokens;
    this.#own = own;
    this.#condition = condition;
    this.#arrays = indexedArrays(tokens);
  }

  /** The pieces of the tokens from `start` to before `end`. */
  read(start: number, end: number): Piece[] {
    const pieces: Piece[] = [];
    const add = (piece: Piece) => {
      const last = pieces.at(-1);
      if (typeof piece === "string" && typeof last === "string") pieces[pieces.length - 1] = last + piece;
      else if (piece !== "") pieces.push(piece);
    };
    for (let at = start; at < end; ) {
      const [piece, next] = this.#readPiece(at, end);
      add(piece);
      at = next;
    }
    return pieces;
  }

  #readPiece(at: number, end: number): [Piece, number] {
    const tokens = this.#tokens;
    const token = tokens[at] as Token;
    if (token.when !== this.#condition) {
      let last = at;
      while (last < end && tokens[last]?.when === token.when) last++;
      const outer = this.#condition;
      this.#condition = token.when;
      const code = this.read(at, last);
      this.#condition = outer;
      if (token.when === undefined) fail(token, "a condition that covers the whole declaration");
      return [{ when: token.when, code }, last];
    }
    if (token.kind === "unroll") return this.#readLoop(at);
    if (token.kind === "each" || isIdleBlank(tokens, at)) return ["", at + 1];
    if (isParam(tokens, at) && this.#own.params.has(token.text)) return [{ own: token.text }, at + 1];
    if (!isName(tokens, at)) return [token.text, at + 1];
    if (token.text === "var") return this.#readVariable(at);
    if (this.#own.names.has(token.text)) return [{ own: token.text }, at + 1];
    if (this.#variables.includes(token.text)) return [{ variable: token.text }, at + 1];
    if (this.#arrays.has(token.text) && tokens[at + 1]?.text === "[") {
      const close = closing(tokens, at + 1);
      return [{ element: token.text, at: this.read(at + 2, close) }, close + 1];
    }
    return [token.text, at + 1];
  }

  /** `var name: array<type, size>;` of an array that is only ever indexed. */
  #readVariable(at: number): [Piece, number] {
    const declared = arrayAt(this.#tokens, at);
    if (declared === undefined || !this.#arrays.has(declared.name)) return ["var", at + 1];
    const { name, of, size, end } = declared;
    return [{ array: name, of, size }, end];
  }

  /** The loop behind an annotation. */
  #readLoop(at: number): [Piece, number] {
    const tokens = this.#tokens;
    let open = at + 1;
    while (tokens[open]?.kind === "space") open++;
    const close = tokens[open + 1]?.text === " " ? closing(tokens, open + 2) : closing(tokens, open + 1);
    const brace = tokens.findIndex(({ text }, index) => index > close && text === "{");
    const head = textOf(tokens.slice(open, close + 1)).replace(/\s+/g, " ");
    const match = /^for ?\(var (\w+) = 0([ui]?); \1 < ([^;]+); \1\+\+\)$/.exec(head);
    const [, loop = "", suffix = "", count = ""] =
      match ?? fail(tokens[open], "for (var i = 0u; i < CONSTANT; i++) after @unroll");
    const last = closing(tokens, brace);
    const feature = tokens[at]?.text;
    this.#variables.push(loop);
    const code = this.read(brace + 1, last);
    this.#variables.pop();
    return [{ loop, suffix, count, ...(feature && { feature }), code }, last + 1];
  }
}

/** The array that `var` at `at` declares: `array<type, size>` without a value. */
function arrayAt(tokens: readonly Token[], at: number) {
  const end = tokens.findIndex(({ text }, index) => index > at && text === ";");
  const match = /^var (\w+) ?: ?array<([\w<>]+), ?(\w+)>$/.exec(textOf(tokens.slice(at, end)));
  if (match === null) return undefined;
  const [, name = "", of = "", size = ""] = match;
  return { name, of, size, end: end + 1 };
}

/** A function's arrays that it uses by index only. */
function indexedArrays(tokens: readonly Token[]): Set<string> {
  const declared = tokens.flatMap((token, at) => {
    const array = isWord(token, "var") ? arrayAt(tokens, at) : undefined;
    return array === undefined ? [] : [array.name];
  });
  const isOther = (name: string) =>
    tokens.some(
      (token, at) =>
        token.text === name &&
        isName(tokens, at) &&
        tokens[at + 1]?.text !== "[" &&
        !isWord(previous(tokens, at), "var"),
    );
  return new Set(declared.filter((name) => !isOther(name)));
}
