/** Prints code from its pieces: unrolls loops, turns arrays into plain variables, repeats names. */
import { ValueError } from "../../core/errors.ts";
import type { Loop, Piece } from "./template.ts";

const WHOLE_NUMBER = /^(?:0x[\da-f]+|\d+)[ui]?$/i;
/** Brackets that hold none themselves, and are no call's. */
const BRACKETS = /(?<!\w\s*)\(([^()]*)\)/;

/**
 * Value of sums and differences of products and quotients of whole numbers and known constants; undefined for
 * anything else.
 */
export function evaluate(expression: string, values: ReadonlyMap<string, number>): number | undefined {
  const [brackets, inner] = BRACKETS.exec(expression) ?? [];
  if (brackets !== undefined && inner !== undefined) {
    const value = evaluate(inner, values);
    return value === undefined ? undefined : evaluate(expression.replace(brackets, String(value)), values);
  }
  let sum = 0;
  for (const [, sign, term = ""] of `+${expression.replace(/\s+/g, "")}`.matchAll(/([+-])([^+-]*)/g)) {
    let product: number | undefined;
    for (const [, operator, token = ""] of `*${term}`.matchAll(/([*/])([^*/]*)/g)) {
      const value = WHOLE_NUMBER.test(token) ? Number(token.replace(/[ui]$/i, "")) : values.get(token);
      if (value === undefined) return undefined;
      if (product === undefined) product = value;
      else product = operator === "*" ? product * value : Math.trunc(product / value);
    }
    if (product === undefined) return undefined;
    sum += sign === "-" ? -product : product;
  }
  return sum;
}

/** What the printed code depends on. */
export interface PrintContext {
  readonly features: ReadonlySet<string>;
  /** Values of the module's whole-number constants. */
  readonly constants: ReadonlyMap<string, number>;
  /** Of a repeated shader, the tensor whose code this is. */
  readonly copy?: number | undefined;
}

/** Whether a condition holds: "feature", or "!feature". */
export function holds(condition: string | undefined, features: ReadonlySet<string>): boolean {
  if (condition === undefined) return true;
  return condition.startsWith("!") ? !features.has(condition.slice(1)) : features.has(condition);
}

/** A name of a repeated shader's tensor number `copy`. */
export const copyOf = (name: string, copy: number | undefined) => (copy === undefined ? name : `${name}_${copy}`);

/** The code of a declaration. Named variables are about three times as fast as arrays on SwiftShader. */
export function print(code: readonly Piece[], context: PrintContext): string {
  const printer = new Printer(context);
  const text = printer.print(code);
  // An array that is indexed by what is no constant, or declared in a loop that was unrolled, stays: known after one
  // pass.
  return printer.arrays.size === 0 ? text : printer.again(code);
}

class Printer {
  readonly #context: PrintContext;
  readonly #values: Map<string, number>;
  /** Variables of the unrolled loops around the piece, with their numbers as text. */
  readonly #variables = new Map<string, string>();
  /** Arrays that stay arrays. */
  readonly arrays = new Set<string>();
  #declared = new Set<string>();

  constructor(context: PrintContext) {
    this.#context = context;
    this.#values = new Map(context.constants);
  }

  again(code: readonly Piece[]): string {
    this.#declared = new Set();
    return this.print(code);
  }

  print(code: readonly Piece[]): string {
    return code.map((piece) => this.#piece(piece)).join("");
  }

  #piece(piece: Piece): string {
    if (typeof piece === "string") return piece;
    if ("variable" in piece) return this.#variables.get(piece.variable) ?? piece.variable;
    if ("own" in piece) return copyOf(piece.own, this.#context.copy);
    if ("when" in piece) return holds(piece.when, this.#context.features) ? this.print(piece.code) : "";
    if ("array" in piece) return this.#array(piece.array, piece.of, piece.size);
    if ("element" in piece) return this.#element(piece.element, this.print(piece.at));
    return this.#loop(piece);
  }

  #array(name: string, of: string, size: string): string {
    const count = evaluate(size, this.#values);
    if (count === undefined || this.#declared.has(name)) this.arrays.add(name);
    this.#declared.add(name);
    if (count === undefined || this.arrays.has(name)) return `var ${name}: array<${of}, ${size}>;`;
    return Array.from({ length: count }, (_, index) => `var ${name}_${index}: ${of};`).join("\n");
  }

  #element(name: string, index: string): string {
    const number = evaluate(index, this.#values);
    if (number === undefined) this.arrays.add(name);
    return number === undefined || this.arrays.has(name) ? `${name}[${index}]` : `${name}_${number}`;
  }

  #loop({ loop, suffix, count, feature, code }: Loop): string {
    if (!holds(feature, this.#context.features)) {
      return `for(var ${loop}=0${suffix};${loop}<${count};${loop}++){${this.print(code)}}`;
    }
    const times = evaluate(count, this.#values);
    if (times === undefined) {
      throw new ValueError(`shader: a loop to ${count} is to be unrolled; expected whole numbers and constants`);
    }
    const copies: string[] = [];
    for (let index = 0; index < times; index++) {
      this.#variables.set(loop, `${index}${suffix}`);
      copies.push(`{${this.print(code)}}\n`);
    }
    this.#variables.delete(loop);
    return copies.join("");
  }
}
