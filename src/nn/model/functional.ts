import type { NdArray } from "../../core/nd_array.ts";
import { ifGiven, integer, readOptions, required, resolvedBy, type TableOf } from "../../core/option_table.ts";
import type { Device } from "../../runtime/device.ts";
import { deviceKind } from "../../runtime/device_kind.ts";
import { LayerGraph } from "../graph/layer_graph.ts";
import type { SymbolicTensor } from "../layers/index.ts";
import { symbolicList } from "../layers/layer.ts";
import { nameKind } from "../layers/layer_options.ts";
import { Model } from "./model.ts";

/** Options of `model`. */
export interface FunctionalOptions {
  /** What `input()` gave: one tensor, or a list. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** What the layers' calls gave: one tensor, or a list. */
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
  /** Where the model lives. Without one it can only be a layer of other models. */
  readonly device?: Device | undefined;
  /** One seed, one result: weights, dropout and the order of the rows follow from it. 0 when absent. */
  readonly seed?: number | undefined;
  readonly name?: string | undefined;
}

const FUNCTIONAL = {
  inputs: required(resolvedBy("symbolic tensors", (given) => symbolicList(given, "model: inputs"))),
  outputs: required(resolvedBy("symbolic tensors", (given) => symbolicList(given, "model: outputs"))),
  device: ifGiven(deviceKind),
  seed: ifGiven(integer),
  name: ifGiven(nameKind),
} satisfies TableOf<FunctionalOptions>;

/**
 * A functional model: layers called on inputs, in any shape without a circle.
 * @throws ValueError when outputs depend on an input that is not given, or two layers have one name.
 * @example
 * const question = input({ shape: [20], name: "question" });
 * const words = embedding({ inputDim: 5000, outputDim: 32, maskZero: true });
 * const answer = dense({ units: 1, activation: "sigmoid" }).call(lstm({ units: 32 }).call(words.call(question)));
 * const asks = model({ inputs: question, outputs: answer, device });
 */
export function model(
  options: FunctionalOptions & { readonly outputs: SymbolicTensor | readonly [SymbolicTensor] },
): Model;
export function model(options: FunctionalOptions): Model<NdArray[]>;
export function model(options: FunctionalOptions): Model<NdArray | NdArray[]> {
  const { inputs, outputs, device, seed, name } = readOptions("model", FUNCTIONAL, options);
  const graph = new LayerGraph({ inputs, outputs, seed });
  return new Model(graph, { className: "Functional", device, name });
}
