const WHOLE_NUMBER = /^(?:0x[\da-f]+|\d+)[ui]?$/i;

/** Value of sums of products and quotients of whole numbers and known constants; undefined for anything else. */
export function evaluate(expression: string, values: ReadonlyMap<string, number>): number | undefined {
  let sum = 0;
  for (const term of expression.split("+")) {
    let product: number | undefined;
    for (const [, operator, token = ""] of `*${term.replace(/\s+/g, "")}`.matchAll(/([*/])([^*/]*)/g)) {
      const value = WHOLE_NUMBER.test(token) ? Number(token.replace(/[ui]$/i, "")) : values.get(token);
      if (value === undefined) return undefined;
      if (product === undefined) product = value;
      else product = operator === "*" ? product * value : Math.floor(product / value);
    }
    if (product === undefined) return undefined;
    sum += product;
  }
  return sum;
}
