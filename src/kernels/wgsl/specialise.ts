/**
 * Specialises a shader: gives its module-level constants other values, unrolls loops marked `// @unroll`, and turns
 * function-scope arrays that are then indexed by constants only into plain variables, and takes the lines meant for a
 * feature of the adapter. A shader compiles as it stands; nothing here is a template language.
 */
import { ValueError } from "../../core/errors.ts";

/** What some adapters have, or want, and a shader may have lines for: "scratch" is a buffer in place of workgroup memory. */
export type ShaderFeature = "subgroups" | "scratch";

/** Values for module-level constants (`const ROWS = 8u;`) and, as text, for type aliases (`alias Element = f32;`), by name. */
export type Constants = Readonly<Record<string, number | boolean | string>>;

const cache = new Map<string, string>();

/** The blanks that a line begins with, and a comment with the blanks before it; not a mark that kernels read. */
const IDLE = /^[ \t]+|[ \t]*\/\/(?! @(?:unroll|with\(|without\(|each)).*$/gm;

/**
 * The shader without comments and indents. Every line break stays, so that a compile error's line is that of the file in `shaders/`.
 * @example
 * codeOf("// head\nfn f() {\n  return; // done\n}\n"); // "\nfn f() {\nreturn;\n}\n"
 */
export function codeOf(source: string): string {
  return source.replace(IDLE, "");
}

/**
 * Replaces `const NAME = value;` lines of `source` by name, keeping each constant's kind (`8u`, `8i`, `8f` or `true`),
 * then unrolls what is marked.
 *
 * A marked loop reads `// @unroll`, then `for (var i = 0u; i < BOUND; i++) {` where BOUND is a number or a module-level
 * constant. Its body is repeated in braces with the loop's variable replaced by numbers; marked loops nest. Unrolling
 * into named variables is about three times faster than nested arrays on SwiftShader, and changes nothing on lavapipe.
 *
 * With `features`, lines such as `// @with(subgroups) let h = subgroupBroadcast(own, 0u);` lose their mark, and lines that
 * end in `// @without(subgroups)` go: as it stands, a shader is what adapters without the feature run.
 *
 * @throws ValueError when a name is no constant of the shader, or a marked loop has another form.
 * @example
 * specialise(source, { ROWS: 4, HAS_BIAS: true });
 */
export function specialise(source: string, constants: Constants, features: readonly ShaderFeature[] = []): string {
  const key = `${JSON.stringify([constants, features])}\n${source}`;
  let result = cache.get(key);
  if (result === undefined) {
    const replaced = replaceConstants(takeLines(codeOf(source), features), constants);
    result = namedArrays(unroll(replaced, constantValues(replaced)));
    cache.set(key, result);
  }
  return result;
}

const WITH = /^\/\/ @with\((\w+)\) (.*\n)/gm;
const WITHOUT = /^.*\/\/ @without\((\w+)\)[ \t]*\n/gm;

/** The lines for the features that there are, without those for adapters that lack them. */
function takeLines(source: string, features: readonly string[]): string {
  return source
    .replace(WITHOUT, (line, feature: string) => (features.includes(feature) ? "" : line))
    .replace(WITH, (_, feature: string, line: string) => (features.includes(feature) ? line : ""));
}

function replaceConstants(source: string, constants: Constants): string {
  let result = source;
  for (const [name, value] of Object.entries(constants)) {
    if (typeof value === "string") {
      const alias = new RegExp(`^alias ${name} = [^;]+;`, "m");
      if (!alias.test(result)) throw new ValueError(`specialise: the shader has no alias ${name}`, { name });
      result = result.replace(alias, `alias ${name} = ${value};`);
      continue;
    }
    const declaration = new RegExp(`^(const ${name}\\s*(?::\\s*\\w+\\s*)?=\\s*)([^;]+);`, "m");
    const match = declaration.exec(result);
    if (match === null) {
      const names = [...source.matchAll(/^const (\w+)/gm)].map(([, known]) => known);
      throw new ValueError(`specialise: the shader has no constant ${name}; it has ${names.join(", ")}`, {
        name,
        names,
      });
    }
    const old = match[2] as string;
    const isBoolean = old === "true" || old === "false";
    if (isBoolean !== (typeof value === "boolean")) {
      throw new ValueError(
        `specialise: ${name} is ${old}; expected another ${isBoolean ? "boolean" : "number"}, got ${value}`,
        {
          name,
          value,
        },
      );
    }
    const suffix = isBoolean
      ? ""
      : (/[uif]$/.exec(old)?.[0] ?? (old.includes(".") && Number.isInteger(value) ? ".0" : ""));
    result = result.replace(declaration, (_, head: string) => `${head}${value}${suffix};`);
  }
  return result;
}

/** Module-level constants that are whole numbers, or products of earlier ones. */
function constantValues(source: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const [, name, expression] of source.matchAll(/^const (\w+)\s*(?::\s*\w+\s*)?=\s*([^;]+);/gm)) {
    const value = evaluate(expression as string, values);
    if (value !== undefined) values.set(name as string, value);
  }
  return values;
}

/** Value of sums of products (and quotients) of whole numbers and known constants; undefined for anything else. */
function evaluate(expression: string, values: ReadonlyMap<string, number>): number | undefined {
  let sum = 0;
  for (const term of expression.split("+")) {
    let product: number | undefined;
    for (const [, operator, token] of `*${term.replace(/\s+/g, "")}`.matchAll(/([*/])([^*/]*)/g)) {
      const name = token as string;
      const value = /^\d+[ui]?$/.test(name) ? Number.parseInt(name, 10) : values.get(name);
      if (value === undefined) return undefined;
      if (product === undefined) product = value;
      else product = operator === "*" ? product * value : Math.floor(product / value);
    }
    sum += product as number;
  }
  return sum;
}

const MARK = /^\/\/ @unroll\b.*\n/m;
const LOOP = /^for \(var (\w+) = 0([ui]?); \1 < ([^;]+); \1\+\+\) \{/;

/** Unrolls the first marked loop, outermost first, until none is left. */
function unroll(source: string, values: ReadonlyMap<string, number>): string {
  let result = source;
  for (let mark = MARK.exec(result); mark !== null; mark = MARK.exec(result)) {
    const rest = result.slice(mark.index + mark[0].length);
    const loop = LOOP.exec(rest);
    const count = loop ? evaluate(loop[3] as string, values) : undefined;
    if (loop === null || count === undefined) {
      const line = rest.split("\n", 1)[0];
      throw new ValueError(
        `specialise: // @unroll must stand before "for (var i = 0u; i < CONSTANT; i++) {"; found "${line}"`,
        { line },
      );
    }
    const bodyStart = loop[0].length;
    const bodyEnd = closingBrace(rest, bodyStart);
    const body = rest.slice(bodyStart, bodyEnd);
    const variable = new RegExp(`(?<![\\w.])${loop[1]}\\b`, "g");
    let copies = "";
    for (let index = 0; index < count; index++) copies += `{${body.replace(variable, `${index}${loop[2]}`)}}\n`;
    result = result.slice(0, mark.index) + copies + rest.slice(bodyEnd + 1);
  }
  return result;
}

/** Index of the brace that closes the block whose body starts at `start`. */
function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let index = start; index < text.length; index++) {
    if (text[index] === "{") depth++;
    else if (text[index] === "}" && --depth === 0) return index;
  }
  throw new ValueError("specialise: a marked loop is not closed", { text: text.slice(0, start) });
}

const ARRAY = /^var (\w+): array<([\w<>]+), *(\w+)>;$/gm;

/**
 * Plain variables instead of function-scope arrays that are indexed by constants only: `acc[1u * 4u + 2u]` becomes
 * `acc_6`. An array that is indexed by anything else, used whole, or declared twice stays.
 */
function namedArrays(source: string): string {
  const values = constantValues(source);
  let result = source;
  for (const [declaration, name, element, size] of source.matchAll(ARRAY)) {
    const count = evaluate(size as string, values);
    const declarations = [...result.matchAll(new RegExp(`\\b(?:var|let|fn) ${name}\\b`, "g"))].length;
    const uses = [...result.matchAll(new RegExp(`(?<![\\w.])${name}\\b`, "g"))].length;
    const indexed = new RegExp(`(?<![\\w.])${name}\\[([^\\[\\]]+)\\]`, "g");
    const indices = [...result.matchAll(indexed)].map(([, index]) => evaluate(index as string, values));
    if (count === undefined || declarations !== 1 || uses !== indices.length + 1 || indices.includes(undefined))
      continue;
    const variables = Array.from({ length: count }, (_, index) => `var ${name}_${index}: ${element};`).join("\n");
    result = result
      .replace(declaration, variables)
      .replace(indexed, (_, index: string) => `${name}_${evaluate(index, values)}`);
  }
  return result;
}
