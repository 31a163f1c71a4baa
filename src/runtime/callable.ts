import type { DType } from "../core/dtype.ts";
import { ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import type { Shape } from "../core/shape.ts";
import type { Device } from "../gpu/device.ts";
import { type Graph, input, type Value } from "../graph/operation.ts";
import { Program } from "./program.ts";

/** A program that is called like a function. */
export interface CallableProgram {
  (...inputs: readonly NdArray[]): Promise<NdArray[]>;
  readonly program: Program;
  dispose(): void;
}

/** Shape and dtype of one input of `program`. */
export interface InputType {
  readonly shape: Shape;
  readonly dtype?: DType;
}

/**
 * Compiles a function of symbolic values for a device.
 * `fn` returns the outputs, or a graph `{ outputs, updates }` that also changes Variables.
 *
 * @example
 * const product = await program(device, (a, b) => [matmul(a, b)], [{ shape: [2, 3] }, { shape: [3, 4] }]);
 * const [c] = await product(a, b);
 */
export async function program(
  device: Device,
  fn: (...inputs: Value[]) => Graph | readonly Value[],
  inputTypes: readonly InputType[] = [],
): Promise<CallableProgram> {
  const inputs = inputTypes.map(({ shape, dtype }, index) => input(`input ${index}`, shape, dtype));
  const result = fn(...inputs);
  const graph: Graph = "outputs" in result ? result : { outputs: result, updates: [] };
  const label = fn.name || "program";
  const compiled = await Program.compile(device, graph, { label, inputs });
  const call = async (...arrays: readonly NdArray[]) => {
    if (arrays.length !== inputs.length) {
      throw new ValueError(`${label}: got ${arrays.length} arrays; the program has ${inputs.length} inputs`);
    }
    return compiled.run(new Map(inputs.map((value, index) => [value, arrays[index] as NdArray])));
  };
  return Object.assign(call, { program: compiled, dispose: () => compiled.dispose() });
}
