/** Elementwise chains: the one kernel whose body is generated, from the expressions of the fused operations. */

import source from "../../../shaders/elementwise/elementwise.wgsl?raw" with { type: "text" };
import { type DType, storageType } from "../../core/dtype.ts";
import {
  foldGrid,
  type KernelCall,
  type Operand,
  type Param,
  readBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { broadcastStrides, type Shape, sizeOf } from "../../core/shape.ts";

const WORKGROUP = 64;
const PRELUDE = source.slice(0, source.indexOf("// @generated"));

/** A number as a WGSL literal of `dtype`. */
export function literal(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (dtype === "int32") return `i32(${value})`;
  if (!Number.isFinite(value))
    return `bitcast<f32>(${value > 0 ? "0x7f800000u" : value < 0 ? "0xff800000u" : "0x7fc00000u"})`;
  const text = String(Math.fround(value));
  return `f32(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

/** Writes the chain's expressions, given the names of its inputs' elements; step n may name an earlier one as `v0`, `v1`, … */
export type Chain = (inputs: readonly string[]) => readonly string[];

/** outputs[n] = the chain's expression results[n], element by element; inputs broadcast to the outputs' one shape. */
export function elementwiseCall(
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  results: readonly number[],
  chain: Chain,
): KernelCall {
  const { shape } = outputs[0] as Operand;
  return {
    kernel: "elementwise",
    reads: inputs,
    writes: outputs,
    plan: (adapter) => {
      const size = sizeOf(shape);
      const { axes, strides } = collapse(
        shape,
        inputs.map((input) => input.shape),
      );
      const params: Param[] = [u32(size), ...axes.map(u32), ...strides.flat().map(u32)];
      return {
        scratch: [],
        dispatches:
          size === 0
            ? []
            : [
                {
                  label: "elementwise",
                  source: generate(inputs, outputs, results, chain, axes.length),
                  entryPoint: "main",
                  params,
                  buffers: [
                    ...inputs.map((_, index) => readBuffer(index)),
                    ...outputs.map((_, index) => writeBuffer(index)),
                  ],
                  workgroups: foldGrid(Math.ceil(size / WORKGROUP), adapter),
                },
              ],
      };
    },
  };
}

/** Joins axes that every input walks through without a seam; what is left are the sizes and each input's strides. */
function collapse(shape: Shape, inputs: readonly Shape[]): { axes: number[]; strides: number[][] } {
  const full = inputs.map((input) => broadcastStrides(input, shape));
  const axes: number[] = [];
  const strides: number[][] = inputs.map(() => []);
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const inner = full.map((list) => list[axis] as number);
    const isSeamless =
      axes.length > 0 && strides.every((list, input) => list.at(-1) === (inner[input] as number) * size);
    if (isSeamless) {
      axes[axes.length - 1] = (axes.at(-1) as number) * size;
      strides.forEach((list, input) => {
        list[list.length - 1] = inner[input] as number;
      });
    } else {
      axes.push(size);
      for (const [input, list] of strides.entries()) list.push(inner[input] as number);
    }
  });
  return { axes, strides };
}

function generate(
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  results: readonly number[],
  chain: Chain,
  rank: number,
): string {
  const members = ["size", ...Array.from({ length: rank }, (_, axis) => `axis${axis}`)];
  for (let input = 0; input < inputs.length; input++) {
    for (let axis = 0; axis < rank; axis++) members.push(`stride${input}_${axis}`);
  }
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
  const bindings = [
    ...inputs.map(({ dtype }, input) => `read> x${input} : array<${storageType(dtype)}>;`),
    ...outputs.map(({ dtype }, output) => `read_write> y${output} : array<${storageType(dtype)}>;`),
  ];
  return `${PRELUDE}
struct Params {
${members.map((member) => `  ${member} : u32,`).join("\n")}
}

@group(0) @binding(0) var<uniform> params : Params;
${bindings.map((binding, index) => `@group(0) @binding(${index + 1}) var<storage, ${binding}`).join("\n")}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  if (index >= params.size) {
    return;
  }
  ${lines.join("\n  ")}
}
`;
}
