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
  /** The tensor returned by `input()`, or a list of such tensors. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** The output tensor, or a list of output tensors. */
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
  /** The device that holds the weights. Without one, the model can only be a layer of other models. */
  readonly device?: Device | undefined;
  /** The seed of initial weights, dropout and shuffling: the same seed gives the same result. Default: 0. */
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
 * Creates a functional model: any acyclic graph of layers called on inputs.
 * @throws ValueError if outputs depend on an input that is not listed, or two layers have the same name.
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
