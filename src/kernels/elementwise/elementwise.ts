/**
 * Fused elementwise operations as one kernel: the only one whose code is generated, from expressions as data.
 */
import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import elementwise from "../../../shaders/elementwise/elementwise.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import { type DType, storageType } from "../../core/dtype.ts";
import { ValueError } from "../../core/errors.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import type { ExpressionOperand, FusedExpression } from "../../core/shader_recipe.ts";
import { broadcastStrides, type Shape, sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

/**
 * The elementwise operations in WGSL, by the names of their ops. Their inputs' names stand for the operands'
 * expressions; functions are those of WGSL, elementwise.wgsl and activations.wgsl.
 */
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

/** elementwise.wgsl with activations.wgsl, as `frame`, so that it reads x0, x1, … and writes y0, y1, … */
export function fusedShader(frame: Shader, expression: FusedExpression): Shader {
  const { inputs, outputs } = expression;
  return frame.generated({
    function: { name: "store", code: storeFunction(expression) },
    params: extentNames(expression).map((name) => ({ name, type: "u32" })),
    buffers: [
      ...inputs.map((dtype, index) => buffer(`x${index}`, "read", dtype)),
      ...outputs.map((dtype, index) => buffer(`y${index}`, "read_write", dtype)),
    ],
    expression,
  });
}

/** The params that hold the sizes of the outputs' axes, then each input's strides along them. */
export function extentNames({ inputs, rank }: FusedExpression): string[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [
    ...axes.map((axis) => `axis${axis}`),
    ...inputs.flatMap((_, input) => axes.map((axis) => `stride${input}_${axis}`)),
  ];
}

const buffer = (name: string, access: "read" | "read_write", dtype: DType) => ({
  name,
  access,
  type: `array<${storageType(dtype)}>`,
});

/** The function that works out element `index` of every output. */
function storeFunction({ inputs, outputs, rank, steps, results }: FusedExpression): string {
  const lines: string[] = [];
  if (rank > 0 && inputs.length > 0) {
    lines.push("var rest = index;");
    for (let axis = rank - 1; axis >= 0; axis--) {
      lines.push(
        axis === 0 ? "let c0 = rest;" : `let c${axis} = rest % params.axis${axis}; rest = rest / params.axis${axis};`,
      );
    }
  }
  for (const [input, dtype] of inputs.entries()) {
    const terms = Array.from({ length: rank }, (_, axis) => `c${axis} * params.stride${input}_${axis}`);
    const element = `x${input}[${terms.join(" + ") || "0u"}]`;
    lines.push(`let e${input} = ${dtype === "bool" ? `(${element} != 0)` : element};`);
  }
  const dtypeOf = (operand: ExpressionOperand): DType => {
    if ("input" in operand) return at(inputs, operand.input);
    return "step" in operand ? at(steps, operand.step).dtype : operand.dtype;
  };
  for (const [step, { op, operands, dtype }] of steps.entries()) {
    const [first] = Object.values(operands);
    const texts = Object.fromEntries(Object.entries(operands).map(([name, operand]) => [name, operandText(operand)]));
    lines.push(`let v${step} = ${writeExpression(op, texts, first === undefined ? dtype : dtypeOf(first), dtype)};`);
  }
  for (const [output, dtype] of outputs.entries()) {
    const result = `v${results[output]}`;
    lines.push(`y${output}[index] = ${dtype === "bool" ? `select(0, 1, ${result})` : result};`);
  }
  return `fn store(index: u32) {\n${lines.join("\n")}\n}`;
}

function operandText(operand: ExpressionOperand): string {
  if ("input" in operand) return `e${operand.input}`;
  return "step" in operand ? `v${operand.step}` : literal(operand.value, operand.dtype);
}

/** A number as a WGSL literal of `dtype`. */
function literal(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (dtype === "int32") return `i32(${value})`;
  if (!Number.isFinite(value))
    return `bitcast<f32>(${value > 0 ? "0x7f800000u" : value < 0 ? "0xff800000u" : "0x7fc00000u"})`;
  const text = String(Math.fround(value));
  return `f32(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

const frame = /* @__PURE__ */ Shader.of({ elementwise, activations });

/** As in the shader. */
const WORKGROUP = 64;

/** outputs[n] = the result of step results[n], element by element; inputs broadcast to the outputs' one shape. */
export function elementwiseCall(
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  { steps, results }: Pick<FusedExpression, "steps" | "results">,
): KernelCall {
  const { shape } = at(outputs, 0);
  const size = sizeOf(shape);
  return {
    kernel: "elementwise",
    reads: { inputs },
    writes: { outputs },
    plan: (adapter) => {
      if (size === 0) return { dispatches: [] };
      const extents = collapse(
        shape,
        inputs.map((input) => input.shape),
      );
      const expression: FusedExpression = {
        inputs: inputs.map(({ dtype }) => dtype),
        outputs: outputs.map(({ dtype }) => dtype),
        rank: extents.axes.length,
        steps,
        results,
      };
      const numbers = [...extents.axes, ...extents.strides.flat()];
      return {
        dispatches: [
          dispatch({
            label: "elementwise",
            shader: fusedShader(frame, expression),
            entryPoint: "elementwise",
            params: {
              size,
              ...Object.fromEntries(extentNames(expression).map((name, index) => [name, at(numbers, index)])),
            },
            buffers: {
              ...Object.fromEntries(inputs.map((input, index) => [`x${index}`, input])),
              ...Object.fromEntries(outputs.map((output, index) => [`y${index}`, output])),
            },
            workgroups: foldGrid(Math.ceil(size / WORKGROUP), adapter),
          }),
        ],
      };
    },
  };
}

/** Sizes of the outputs' axes, and each input's strides along them. */
interface Extents {
  readonly axes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** Joins axes that every input walks through without a seam. */
function collapse(shape: Shape, inputs: readonly Shape[]): Extents {
  const full = inputs.map((input) => broadcastStrides(input, shape));
  const axes: number[] = [];
  const strides: number[][] = inputs.map(() => []);
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const inner = full.map((list) => at(list, axis));
    const outer = axes.at(-1);
    if (outer !== undefined && strides.every((list, input) => list.at(-1) === at(inner, input) * size)) {
      axes[axes.length - 1] = outer * size;
      strides.forEach((list, input) => {
        list[list.length - 1] = at(inner, input);
      });
    } else {
      axes.push(size);
      for (const [input, list] of strides.entries()) list.push(at(inner, input));
    }
  });
  return { axes, strides };
}
