/** Fused elementwise operations as one kernel. */

import activations from "../../../shaders/elementwise/activations.wgsl?raw" with { type: "text" };
import elementwise from "../../../shaders/elementwise/elementwise.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import type { FusedExpression } from "../../core/shader_recipe.ts";
import { broadcastStrides, type Shape, sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";
import { extentNames, fusedShader } from "./fused_shader.ts";

const frame = Shader.of({ elementwise, activations });

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
