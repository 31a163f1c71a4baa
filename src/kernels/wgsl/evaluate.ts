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
