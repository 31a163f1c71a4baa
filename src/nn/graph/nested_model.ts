import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import {
  type CallContext,
  type CallResult,
  InputLayer,
  Layer,
  type LayerConfig,
  type WeightSpec,
} from "../layers/index.ts";
import type { LayerGraph } from "./layer_graph.ts";

/** A model used as a layer of another: the same layers and weights, called on new inputs. */
export class NestedModel extends Layer {
  readonly className: "Sequential" | "Functional";
  readonly graph: LayerGraph;

  constructor(graph: LayerGraph, className: "Sequential" | "Functional", name: string | undefined) {
    super(name);
    this.graph = graph;
    this.className = className;
    super.build(graph.inputShapes, () => {
      throw new Error("a nested model declares no weights of its own");
    });
  }

  /** Unused: `graphToConfig` serializes nested models itself. */
  get config(): LayerConfig {
    return {};
  }

  /** The layers inside. */
  get layers(): readonly Layer[] {
    const { layers } = this.graph;
    return this.className === "Functional" ? layers : layers.filter((layer) => !(layer instanceof InputLayer));
  }

  override get inputCount() {
    const { length } = this.graph.inputs;
    return { least: length, most: length };
  }

  override inputType(index: number) {
    const { dtype, idLimit } = this.graph.inputSpecs[index] as LayerGraph["inputSpecs"][number];
    return { dtype, idLimit };
  }

  override get weights(): readonly Variable[] {
    return this.graph.weights;
  }

  override get trainable(): boolean {
    return super.trainable;
  }

  /** Freezes or unfreezes every nested layer, as in Keras. */
  override set trainable(trainable: boolean) {
    super.trainable = trainable;
    for (const layer of this.graph.layers) layer.trainable = trainable;
  }

  override get trainableWeights(): readonly Variable[] {
    return this.trainable ? this.graph.trainableWeights : [];
  }

  override get stateVariables(): readonly Variable[] {
    return this.graph.stateVariables;
  }

  override weightPenalties(): Value[] {
    return this.graph.weightPenalties();
  }

  override constraintOf(weight: Variable) {
    return this.graph.constraintOf(weight);
  }

  weightSpecs(...inputShapes: readonly Shape[]): readonly WeightSpec[] {
    this.graph.expectShapes(inputShapes, `${this.className} "${this.name}"`);
    return [];
  }

  outputShape(): Shape {
    return this.graph.outputShapes[0] as Shape;
  }

  override outputShapes(): readonly Shape[] {
    return this.graph.outputShapes;
  }

  compute(_x: Value, { training, random, inputs, masks, stateOf }: CallContext): CallResult {
    const result = this.graph.run(inputs, { training, masks, random, stateOf });
    return { ...result, output: result.outputs[0] as Value };
  }
}
