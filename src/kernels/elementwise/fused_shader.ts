/** The shader of a fused elementwise kernel: the one kernel with generated code, written from expressions as data. */
import { at } from "../../core/at.ts";
import { type DType, storageType } from "../../core/dtype.ts";
import type { ExpressionOperand, FusedExpression } from "../../core/shader_recipe.ts";
import type { Shader } from "../wgsl/shader.ts";
import { writeExpression } from "./expressions.ts";

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
