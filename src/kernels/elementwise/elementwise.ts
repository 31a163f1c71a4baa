/** Elementwise chains: the one kernel with generated code, made of the expressions of the fused operations. */

import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import source from "../../../shaders/elementwise/elementwise.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import { type DType, storageType } from "../../core/dtype.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { broadcastStrides, type Shape, sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of(source, activations);

/** As in the shader. */
const WORKGROUP = 64;

/** A number as a WGSL literal of `dtype`. */
export function literal(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (dtype === "int32") return `i32(${value})`;
  if (!Number.isFinite(value))
    return `bitcast<f32>(${value > 0 ? "0x7f800000u" : value < 0 ? "0xff800000u" : "0x7fc00000u"})`;
  const text = String(Math.fround(value));
  return `f32(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

/**
 * Writes the chain's expressions, given the names of its inputs' elements; step n may name an earlier one as `v0`,
 * `v1`, …
 */
export type Chain = (inputs: readonly string[]) => readonly string[];

/** outputs[n] = the chain's expression results[n], element by element; inputs broadcast to the outputs' one shape. */
export function elementwiseCall(
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  results: readonly number[],
  chain: Chain,
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
      const params = paramsOf(extents);
      return {
        dispatches: [
          dispatch({
            label: "elementwise",
            shader: shader.generated({
              function: { name: "store", code: storeFunction(inputs, outputs, results, chain, extents.axes.length) },
              params: Object.keys(params).map((name) => ({ name, type: "u32" })),
              buffers: [
                ...inputs.map((input, index) => buffer(`x${index}`, "read", input)),
                ...outputs.map((output, index) => buffer(`y${index}`, "read_write", output)),
              ],
            }),
            entryPoint: "elementwise",
            params: { size, ...params },
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

const buffer = (name: string, access: "read" | "read_write", { dtype }: Operand) => ({
  name,
  access,
  type: `array<${storageType(dtype)}>`,
});

/** Sizes of the outputs' axes, and each input's strides along them. */
interface Extents {
  readonly axes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

function paramsOf({ axes, strides }: Extents): Record<string, number> {
  return Object.fromEntries([
    ...axes.map((size, axis) => [`axis${axis}`, size]),
    ...strides.flatMap((list, input) => list.map((stride, axis) => [`stride${input}_${axis}`, stride])),
  ]);
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

/** The function that works out element `index` of every output. */
function storeFunction(
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  results: readonly number[],
  chain: Chain,
  rank: number,
): string {
  const lines: string[] = [];
  if (rank > 0 && inputs.length > 0) {
    lines.push("var rest = index;");
    for (let axis = rank - 1; axis >= 0; axis--) {
      lines.push(
        axis === 0 ? "let c0 = rest;" : `let c${axis} = rest % params.axis${axis}; rest = rest / params.axis${axis};`,
      );
    }
  }
  const names = inputs.map(({ dtype }, input) => {
    const terms = Array.from({ length: rank }, (_, axis) => `c${axis} * params.stride${input}_${axis}`);
    const element = `x${input}[${terms.join(" + ") || "0u"}]`;
    lines.push(`let e${input} = ${dtype === "bool" ? `(${element} != 0)` : element};`);
    return `e${input}`;
  });
  const expressions = chain(names);
  for (const [step, expression] of expressions.entries()) lines.push(`let v${step} = ${expression};`);
  for (const [output, { dtype }] of outputs.entries()) {
    const result = `v${results[output]}`;
    lines.push(`y${output}[index] = ${dtype === "bool" ? `select(0, 1, ${result})` : result};`);
  }
  return `fn store(index: u32) {\n${lines.join("\n")}\n}`;
}
