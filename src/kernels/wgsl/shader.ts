/**
 * A shader: one or several WGSL files that are put together, and the edits that a kernel makes of them. Every edit is
 * a method that gives another shader; `entry` prints one entry point, with what it reaches and nothing else.
 */
import { ValueError } from "../../core/errors.ts";
import type { FusedExpression, ShaderConstants, ShaderRecipe } from "../../core/shader_recipe.ts";
import { parsed, type ShaderFile } from "./parsed.ts";
import { copyOf, evaluate, holds, print } from "./printer.ts";
import type {
  BufferDeclaration,
  ConstantDeclaration,
  Declaration,
  EntryDeclaration,
  ParamDeclaration,
} from "./template.ts";

/**
 * What some adapters have, or want, and a shader may have code for: "scratch" is a buffer in place of workgroup memory,
 * "unrolled_rows" unrolls loops over rows, which software adapters take seconds to compile.
 */
export type ShaderFeature = "subgroups" | "scratch" | "unrolled_rows";

/**
 * Values for module-level constants (`const ROWS = 8u;`) and, as text, for aliases (`alias Element = f32;`), by name.
 */
export type Constants = ShaderConstants;

/** An entry point of a shader as WGSL, with what it binds. */
export interface PrintedEntry {
  readonly source: string;
  readonly params: readonly ParamDeclaration[];
  /** From `@binding(1)` on. A buffer of a repeated shader's own stands here once for each tensor. */
  readonly buffers: readonly BoundDeclaration[];
  /** Names of the buffers that the entry point reaches, those that the shader was told to do without included. */
  readonly reached: readonly string[];
}

/** A buffer of an entry point; `copy` is the tensor that it belongs to, where the shader is repeated. */
export interface BoundDeclaration extends Pick<BufferDeclaration, "name" | "access" | "type"> {
  readonly copy?: number;
}

/** What a shader is given that no file has: see `generated`. */
export interface GeneratedCode {
  /** Takes the place of the file's function of that name. */
  readonly function: { readonly name: string; readonly code: string };
  /** Behind the file's own. */
  readonly params: readonly ParamDeclaration[];
  /** In place of the file's own. */
  readonly buffers: readonly BoundDeclaration[];
  /** What the function was generated from. */
  readonly expression: FusedExpression;
}

/** The files that a shader is put together from, by name, in their order. */
type ShaderFiles = Readonly<Record<string, ShaderFile>>;

/** What a shader is made of before it is edited. */
interface Origin {
  readonly files: readonly string[];
  readonly expression?: FusedExpression;
}

interface Edits {
  readonly constants: Constants;
  readonly features: readonly string[];
  readonly copies: number | undefined;
  readonly absent: readonly string[];
}

/** Printed entries that a shader keeps; a program asks for the same few again and again. */
const MOST_PRINTED = 64;

export class Shader {
  readonly #origin: Origin;
  readonly #declarations: readonly Declaration[];
  readonly #params: readonly ParamDeclaration[];
  readonly #edits: Edits;
  readonly #printed: Map<string, PrintedEntry>;

  private constructor(
    origin: Origin,
    declarations: readonly Declaration[],
    params: readonly ParamDeclaration[],
    edits: Edits,
    printed: Map<string, PrintedEntry>,
  ) {
    this.#origin = origin;
    this.#declarations = declarations;
    this.#params = params;
    this.#edits = edits;
    this.#printed = printed;
  }

  /**
   * The shader that these files make together, in this order, each by its name. A declaration takes the place of an
   * earlier file's of the same name: a frame with a function that works can have another file's function put in its
   * place.
   */
  static of(files: ShaderFiles): Shader {
    const templates = Object.values(files).map(parsed);
    const isReplaced = (file: number, { name, when }: Declaration) =>
      templates.slice(file + 1).some((later) => later.declarations.some((d) => d.name === name && d.when === when));
    const edits: Edits = { constants: {}, features: [], copies: undefined, absent: [] };
    const params = templates.flatMap((template) => template.params ?? []);
    return new Shader(
      { files: Object.keys(files) },
      templates.flatMap(({ declarations }, file) => declarations.filter((each) => !isReplaced(file, each))),
      params,
      edits,
      new Map(),
    );
  }

  #edited(edits: Partial<Edits>): Shader {
    return new Shader(this.#origin, this.#declarations, this.#params, { ...this.#edits, ...edits }, this.#printed);
  }

  /**
   * With other values for constants and aliases. Each keeps its type: `ROWS: 4` makes `const ROWS = 8u;` 4u.
   * @throws ValueError when the shader has no constant of that name, or one of another type.
   */
  constants(constants: Constants): Shader {
    for (const [name, value] of Object.entries(constants)) this.#checkConstant(name, value);
    return this.#edited({ constants: { ...this.#edits.constants, ...constants } });
  }

  #checkConstant(name: string, value: Constants[string]): void {
    const type = this.typeOf(name);
    if (type === undefined) throw new ValueError(`shader: there is no constant ${name}`);
    if (typeof value === type) return;
    throw new ValueError(`shader: ${name} is a ${type}; expected another, got ${value}`);
  }

  /** How this shader is made, as data. */
  get recipe(): ShaderRecipe {
    const { constants, features } = this.#edits;
    return { ...this.#origin, constants, features };
  }

  /** What `constants` takes for a name: undefined where the shader has no such constant. */
  typeOf(name: string): "boolean" | "number" | "string" | undefined {
    const known = this.#declarations.find((each) => each.name === name);
    if (known?.kind === "alias") return "string";
    if (known?.kind !== "const") return undefined;
    return known.value === "true" || known.value === "false" ? "boolean" : "number";
  }

  /** Whether the shader declares a buffer, be it for some features only. */
  hasBuffer(name: string): boolean {
    return this.#declarations.some((each) => each.kind === "buffer" && each.name === name);
  }

  /** Whether the constant was given a value. */
  isSet(name: string): boolean {
    return name in this.#edits.constants;
  }

  /** For an adapter with these features. */
  features(features: readonly ShaderFeature[]): Shader {
    return this.#edited({ features });
  }

  /** Without buffers that the call does not have: what reads them compiles, and must not run. */
  without(names: readonly string[]): Shader {
    return this.#edited({ absent: names });
  }

  /**
   * For `count` tensors in one dispatch: buffers and params marked `// @each`, and the functions that reach one, are
   * there once for each tensor; the entry point works through the tensors one after another.
   */
  repeated(count: number): Shader {
    return this.#edited({ copies: count });
  }

  /**
   * With a function that was generated, and the buffers and params that it reads and writes. It may call every function
   * and read every constant of the shader: those that it names are printed.
   * @throws ValueError when the shader has no function of that name.
   */
  generated({ function: { name, code }, params, buffers, expression }: GeneratedCode): Shader {
    if (!this.#declarations.some((each) => each.kind === "code" && each.name === name)) {
      throw new ValueError(`shader: there is no function ${name} to generate`);
    }
    const uses = (code.match(/\b[A-Za-z_]\w*/g) ?? []).join(" ");
    const declarations = this.#declarations.flatMap((each): Declaration[] => {
      if (each.kind === "buffer") return [];
      return [each.name === name ? { kind: "code", name, uses, code: [code] } : each];
    });
    const bound = buffers.map((buffer): BufferDeclaration => ({ kind: "buffer", ...buffer }));
    const origin = { ...this.#origin, expression };
    return new Shader(origin, [...bound, ...declarations], [...this.#params, ...params], this.#edits, new Map());
  }

  /** Prints an entry point. @throws ValueError when there is none of that name. */
  entry(name: string): PrintedEntry {
    const key = JSON.stringify([name, this.#edits]);
    const known = this.#printed.get(key);
    if (known !== undefined) return known;
    const made = this.#print(name);
    const [oldest] = this.#printed.keys();
    if (this.#printed.size >= MOST_PRINTED && oldest !== undefined) this.#printed.delete(oldest);
    this.#printed.set(key, made);
    return made;
  }

  #print(name: string): PrintedEntry {
    const features = new Set(this.#edits.features);
    const { copies, absent } = this.#edits;
    const active = this.#declarations.filter(({ when }) => holds(when, features));
    const entry = active.find((each) => each.kind === "entry" && each.name === name);
    if (entry?.kind !== "entry") {
      throw new ValueError(`shader: there is no entry point ${name}`);
    }
    const reached = reachedFrom(entry, active);
    const declared = reached.filter((each) => each.kind === "buffer");
    const present = declared.filter((each) => !absent.includes(each.name));
    const each = copies === undefined ? [undefined] : Array.from({ length: copies }, (_, copy) => copy);
    const buffers = [
      ...each.flatMap((copy) => present.filter(({ isOwn }) => isOwn).map((own) => bound(own, copy))),
      ...present.filter(({ isOwn }) => !isOwn).map((shared) => bound(shared, undefined)),
    ];
    if (copies === undefined) buffers.sort((a, b) => indexOf(present, a) - indexOf(present, b));
    const params = this.#params.flatMap((param) =>
      each
        .map((copy) => (param.isOwn ? { ...param, name: copyOf(param.name, copy) } : param))
        .slice(0, param.isOwn ? undefined : 1),
    );
    const constants = new Map<string, number>();
    const lines = reached.flatMap((declaration): string[] => {
      if (declaration.kind === "const" || declaration.kind === "alias") return [this.#constant(declaration, constants)];
      if (declaration.kind !== "code") return [];
      const copiesOf = declaration.isOwn ? each : [undefined];
      return copiesOf.map((copy) => print(declaration.code, { features, constants, copy }));
    });
    const entryLines = each.map((copy) =>
      printEntry(entry, features, print(entry.code, { features, constants, copy }), copy),
    );
    return {
      params,
      buffers,
      reached: declared.map((buffer) => buffer.name),
      source: [
        ...active.filter(({ kind }) => kind === "enable").map((enable) => `enable ${enable.name};`),
        ...(params.length === 0 ? [] : [uniformOf(params)]),
        ...buffers.map(
          ({ name, copy, access, type }, index) =>
            `@group(0) @binding(${index + 1}) var<storage, ${access}> ${copyOf(name, copy)}: ${type};`,
        ),
        ...declared
          .filter((buffer) => absent.includes(buffer.name))
          .flatMap((buffer) => (buffer.isOwn ? each : [undefined]).map((copy) => unbound(buffer, copy))),
        ...lines,
        ...entryLines,
        ...(copies === undefined ? [] : [printCalls(entry, features, copies)]),
        "",
      ].join("\n"),
    };
  }

  /** Prints a constant, and remembers its value if it is a whole number. */
  #constant({ kind, name, type, value }: ConstantDeclaration, values: Map<string, number>): string {
    const given = this.#edits.constants[name];
    const text = given === undefined ? value : literalLike(value, given);
    const number = evaluate(text, values);
    if (number !== undefined) values.set(name, number);
    return `${kind} ${name}${type === undefined ? "" : `: ${type}`} = ${text};`;
  }
}

/** `value` with the suffix of the number that it replaces. */
function literalLike(old: string, value: number | boolean | string): string {
  if (typeof value !== "number") return String(value);
  const suffix = /[uif]$/.exec(old)?.[0] ?? (old.includes(".") && Number.isInteger(value) ? ".0" : "");
  return `${value}${suffix}`;
}

const bound = ({ name, access, type }: BufferDeclaration, copy: number | undefined): BoundDeclaration => ({
  name,
  access,
  type,
  ...(copy !== undefined && { copy }),
});

const indexOf = (buffers: readonly BufferDeclaration[], { name }: BoundDeclaration) =>
  buffers.findIndex((buffer) => buffer.name === name);

/**
 * What stands in for a buffer that is not there. For one that is only read it is a constant: unlike a variable's, its
 * value is uniform, so that loops with barriers may depend on it.
 */
function unbound({ name, access, type }: BufferDeclaration, copy: number | undefined): string {
  const value = type.replace(/^array<(.*)>$/, "array<$1, 1>");
  const own = copyOf(name, copy);
  return access === "read" ? `const ${own} = ${value}();` : `var<private> ${own}: ${value};`;
}

const uniformOf = (params: readonly ParamDeclaration[]) =>
  `struct Params {\n${params.map(({ name, type }) => `${name}: ${type},\n`).join("")}}\n` +
  "@group(0) @binding(0) var<uniform> params: Params;";

/** The declarations that an entry point reaches, and all constants, in the files' order. */
function reachedFrom(entry: EntryDeclaration, active: readonly Declaration[]): Declaration[] {
  const byName = new Map(active.map((each) => [each.name, each]));
  const reached = new Set<Declaration>();
  const pending: Declaration[] = [entry];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next) || next.kind === "enable") continue;
    reached.add(next);
    for (const name of next.uses?.split(" ") ?? []) {
      const used = byName.get(name);
      if (used !== undefined) pending.push(used);
    }
  }
  return active.filter((each) => reached.has(each) || each.kind === "const" || each.kind === "alias");
}

/** The entry point; of a repeated shader, a plain function for tensor number `copy`. */
function printEntry(
  entry: EntryDeclaration,
  features: ReadonlySet<string>,
  code: string,
  copy: number | undefined,
): string {
  const parameters = parametersOf(entry, features);
  if (copy === undefined) return `${entryHead(entry, features)} {${code}}`;
  const typed = parameters.map(({ name, type }) => `${name}: ${type}`);
  return `fn ${copyOf(entry.name, copy)}(${typed.join(", ")}) {${code}}`;
}

const parametersOf = ({ parameters = [] }: EntryDeclaration, features: ReadonlySet<string>) =>
  parameters.filter(({ when }) => holds(when, features));

function entryHead(entry: EntryDeclaration, features: ReadonlySet<string>): string {
  const own = parametersOf(entry, features).map((each) => `@builtin(${each.attribute}) ${each.name}: ${each.type}`);
  return `@compute @workgroup_size(${entry.threads})\nfn ${entry.name}(${own.join(", ")})`;
}

/** The entry point of a repeated shader: a call for each tensor. */
function printCalls(entry: EntryDeclaration, features: ReadonlySet<string>, copies: number): string {
  const names = parametersOf(entry, features).map(({ name }) => name);
  const calls = Array.from({ length: copies }, (_, copy) => `${copyOf(entry.name, copy)}(${names.join(", ")});`);
  return `${entryHead(entry, features)} {\n${calls.join("\n")}\n}`;
}
