/** Layers without weights. */
import type { Shape } from "../../core/shape.ts";
import { Layer, type WeightSpec } from "./layer.ts";

/** The base of layers without weights whose output has the input's shape; a subclass may say another. */
export abstract class Weightless extends Layer {
  weightSpecs(_inputShape: Shape): readonly WeightSpec[] {
    return [];
  }

  /** The output's shape without the batch: the input's. */
  outputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}
