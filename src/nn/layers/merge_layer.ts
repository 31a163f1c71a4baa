import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { type CallContext, type CallResult, type InputCount, Layer, type WeightSpec } from "./layer.ts";

/**
 * The base of layers that join several inputs. Subclasses say what comes of `inputs`; their masks are in
 * `context.masks`.
 * Without weights unless a subclass declares some. Keras: https://keras.io/api/layers/merging_layers/
 */
export abstract class MergeLayer extends Layer {
  override get inputCount(): InputCount {
    return { least: 2, most: Number.POSITIVE_INFINITY };
  }

  weightSpecs(..._inputShapes: readonly Shape[]): readonly WeightSpec[] {
    return [];
  }

  abstract override outputShape(...inputShapes: readonly Shape[]): Shape;

  /** Builds the output for all inputs. */
  abstract merge(inputs: readonly Value[], context: CallContext): CallResult;

  compute(_x: Value, context: CallContext): CallResult {
    return this.merge(context.inputs, context);
  }
}
