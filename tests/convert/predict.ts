/** What the tests of files share: weights that tell, inputs with padding, ONNX Runtime's predictions. */
import { type Model, type NdArray, Random } from "../../src/index.ts";
import { runPython } from "./python.ts";
import runOnnx from "./run_onnx.py?raw" with { type: "text" };

/** Ids with padding before, after, in between, none, and nothing but padding. */
export const PADDED: NdArray = {
  shape: [5, 6],
  data: Int32Array.of(0, 0, 3, 1, 4, 1, 5, 9, 2, 6, 0, 0, 0, 5, 0, 3, 5, 0, 8, 9, 7, 9, 3, 2, 0, 0, 0, 0, 0, 0),
};

/** Random numbers of the normal distribution. */
export function floats(...shape: number[]): NdArray {
  const random = new Random(5, 0);
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()) };
}

/** Weights that are all different: equal ones would hide a wrong gate or a wrong unit. */
export async function scramble(model: Model<NdArray | NdArray[]>): Promise<void> {
  const random = new Random(11, 0);
  const weights = await model.weights();
  await model.setWeights(
    weights.map(({ shape, data }) => ({ shape, data: Float32Array.from(data, () => 0.5 * random.normal()) })),
  );
}

/** All outputs of a model in ONNX Runtime. */
export function predictInOnnx(model: Uint8Array, inputs: readonly NdArray[]): NdArray[] {
  const feeds = inputs.map(({ shape, data }) => ({ shape, data: [...data] }));
  const files = new Map<string, Uint8Array | string>([
    ["model.onnx", model],
    ["inputs.json", JSON.stringify(feeds)],
  ]);
  return runPython(runOnnx, files) as NdArray[];
}
