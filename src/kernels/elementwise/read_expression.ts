/** Reading the expressions of fused elementwise kernels: names of operations and numbers of operands, no text. */
import { DTYPES } from "../../core/dtype.ts";
import { FormatError } from "../../core/errors.ts";
import { arrayOf, choiceOf, countOf, type JsonValue, objectOf, show } from "../../core/json_check.ts";
import type { ExpressionOperand, ExpressionStep, FusedExpression } from "../../core/shader_recipe.ts";
import type { Shader } from "../wgsl/shader.ts";
import { EXPRESSIONS, type ExpressionName, fusedShader } from "./elementwise.ts";

/** Limits of what is read. */
const MOST = { buffers: 8, rank: 8, steps: 1024 } as const;

/** Values of literals that JSON has no numbers for. */
const NON_FINITE = ["Infinity", "-Infinity", "NaN"] as const;

/** The shader of an expression as a plan has it. */
export function expressionShader(frame: Shader, value: JsonValue, what: string): Shader {
  return fusedShader(frame, readExpression(value, what));
}

/** Names of operands in an expression. */
const OPERANDS = /\b(?:[abuvx]|condition)\b/g;

const OPS = Object.keys(EXPRESSIONS).filter((name): name is ExpressionName => Object.hasOwn(EXPRESSIONS, name));

function readExpression(value: unknown, what: string): FusedExpression {
  const fields = objectOf(value, what);
  const list = (name: string, most: number) => arrayOf(fields.get(name), `${what}.${name}`, most);
  const inputs = list("inputs", MOST.buffers).map((dtype) => choiceOf(dtype, `${what}.inputs`, DTYPES));
  const outputs = list("outputs", MOST.buffers).map((dtype) => choiceOf(dtype, `${what}.outputs`, DTYPES));
  const rank = countOf(fields.get("rank"), `${what}.rank`, MOST.rank);
  const steps = list("steps", MOST.steps).map((each, index): ExpressionStep => {
    const where = `${what}.steps[${index}]`;
    const step = objectOf(each, where);
    const op = choiceOf(step.get("op"), `${where}.op`, OPS);
    const operands = objectOf(step.get("operands"), `${where}.operands`);
    const wanted = new Set(EXPRESSIONS[op].match(OPERANDS));
    if (operands.size !== wanted.size || [...operands.keys()].some((name) => !wanted.has(name))) {
      throw new FormatError(`${where}: ${op} has the operands ${[...operands.keys()]}; expected ${[...wanted]}`);
    }
    return {
      op,
      operands: Object.fromEntries(
        Array.from(operands, ([name, operand]) => [name, readOperand(operand, inputs.length, index, where)] as const),
      ),
      dtype: choiceOf(step.get("dtype"), `${where}.dtype`, DTYPES),
    };
  });
  const results = list("results", MOST.buffers).map((step) => countOf(step, `${what}.results`, steps.length - 1));
  if (outputs.length === 0 || results.length !== outputs.length) {
    throw new FormatError(`${what}: ${results.length} results for ${outputs.length} outputs; expected one for each`);
  }
  return { inputs, outputs, rank, steps, results };
}

function readOperand(value: JsonValue, inputs: number, steps: number, what: string): ExpressionOperand {
  const fields = objectOf(value, what);
  if (fields.has("input")) return { input: countOf(fields.get("input"), `${what}: input`, inputs - 1) };
  if (fields.has("step")) return { step: countOf(fields.get("step"), `${what}: step`, steps - 1) };
  const given = fields.get("value");
  const dtype = choiceOf(fields.get("dtype"), `${what}: dtype`, DTYPES);
  if (typeof given === "string" && dtype === "float32") {
    return { value: Number(choiceOf(given, `${what}: value`, NON_FINITE)), dtype };
  }
  const isWhole = Number.isInteger(given) && Math.abs(Number(given)) < 2 ** 31;
  if (typeof given === "number" && (dtype === "float32" ? Number.isFinite(Math.fround(given)) : isWhole)) {
    return { value: given, dtype };
  }
  throw new FormatError(`${what}: expected a number of ${dtype}, got ${show(given)}`);
}
