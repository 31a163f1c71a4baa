/**
 * The elementwise operations in WGSL, by the names of their ops. Their inputs' names stand for the operands'
 * expressions; functions are those of WGSL, elementwise.wgsl and activations.wgsl.
 */
import type { DType } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";

export const EXPRESSIONS = {
  add: "(a + b)",
  sub: "(a - b)",
  mul: "(a * b)",
  div: "(a / b)",
  pow: "power(a, b)",
  maximum: "max(a, b)",
  minimum: "min(a, b)",
  neg: "(-x)",
  exp: "exp(x)",
  log: "log(x)",
  sqrt: "sqrt(x)",
  abs: "abs(x)",
  sign: "sign(x)",
  sigmoid: "sigmoid(x)",
  tanh: "tangent_h(x)",
  relu: "max(x, 0.0)",
  softplus: "softplus(x)",
  expm1: "exp_minus_one(x)",
  erf: "error_function(x)",
  equal: "(a == b)",
  notEqual: "(a != b)",
  less: "(a < b)",
  lessEqual: "(a <= b)",
  greater: "(a > b)",
  greaterEqual: "(a >= b)",
  logicalAnd: "(a && b)",
  logicalOr: "(a || b)",
  logicalNot: "(!x)",
  where: "select(b, a, condition)",
  /** To a number; `castTo` has the others. */
  cast: "f32(x)",
  stopGradient: "x",
  broadcastTo: "x",
  boxMuller: "box_muller(u, v)",
} as const;

/** The name of an elementwise operation. */
export type ExpressionName = keyof typeof EXPRESSIONS;

function castTo(from: DType, to: DType): string {
  if (from === to) return "x";
  if (to === "bool") return from === "float32" ? "(x != 0.0)" : "(x != 0)";
  return to === "float32" ? EXPRESSIONS.cast : "i32(x)";
}

/**
 * An expression of type f32, i32 or bool, from its operands' by name, the dtype of the first and its own.
 * @throws ValueError when there is no such operation.
 */
export function writeExpression(
  op: string,
  operands: Readonly<Record<string, string>>,
  from: DType,
  to: DType,
): string {
  const known: Readonly<Record<string, string>> = EXPRESSIONS;
  const pattern = op === "cast" ? castTo(from, to) : known[op];
  if (pattern === undefined) throw new ValueError(`there is no WGSL for "${op}"`);
  return pattern.replace(/[a-z]\w*/g, (word) => operands[word] ?? word);
}
