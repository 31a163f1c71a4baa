/** Layers that are made of other layers: their weights are those of the layers inside. */
import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import type { Constraint } from "../weights/constraints.ts";
import { Layer, type LayerConfig, type WeightSpec } from "./layer.ts";

/** A layer inside another's config. */
export function insideConfig({ className, name, trainable, config }: Layer): LayerConfig {
  return { className, ...(name !== "" && { name }), ...(!trainable && { trainable }), config };
}

/** The base of wrappers. */
export abstract class Wrapper extends Layer {
  /** The layers inside, in the order of their weights. */
  protected abstract get inner(): readonly Layer[];

  /** The shape of what a layer inside is given, for an input of this shape. */
  protected innerShape(inputShape: Shape, _index: number): Shape {
    return inputShape;
  }

  /** What goes before the names of a layer's weights; nothing for an only layer. */
  protected prefixOf(layer: Layer): string {
    return this.inner.length === 1 ? "" : `${layer.name || layer.className.toLowerCase()}/`;
  }

  weightSpecs(inputShape: Shape): readonly WeightSpec[] {
    this.checkInput(inputShape);
    return this.inner.flatMap((layer, index) => layer.weightSpecs(this.innerShape(inputShape, index)));
  }

  override build(inputShapes: readonly Shape[], make: (spec: WeightSpec) => Variable): void {
    this.expectKnownOptions();
    const [inputShape] = this.expectInputs(inputShapes);
    this.checkInput(inputShape);
    this.inner.forEach((layer, index) => {
      const prefix = this.prefixOf(layer);
      layer.build([this.innerShape(inputShape, index)], (spec) => make({ ...spec, name: `${prefix}${spec.name}` }));
    });
  }

  /** @throws ShapeError when the input does not fit. */
  protected checkInput(_inputShape: Shape): void {}

  override get isBuilt(): boolean {
    return this.inner.every((layer) => layer.isBuilt);
  }

  override get weights(): readonly Variable[] {
    return this.inner.flatMap((layer) => layer.weights);
  }

  override get trainableWeights(): readonly Variable[] {
    return this.trainable ? this.inner.flatMap((layer) => layer.trainableWeights) : [];
  }

  override weightPenalties(): Value[] {
    return this.trainable ? this.inner.flatMap((layer) => layer.weightPenalties()) : [];
  }

  override constraintOf(weight: Variable): Constraint | undefined {
    return this.inner
      .filter((layer) => layer.weights.includes(weight))
      .map((layer) => layer.constraintOf(weight))
      .find((constraint) => constraint !== undefined);
  }

  /** @throws ShapeError unless the input is a sequence of vectors. */
  protected expectSequence(inputShape: Shape): void {
    this.expectRank(
      inputShape,
      2,
      "[B, T, D]: a sequence of vectors. Put an embedding before it; in a recurrent layer before it set " +
        "returnSequences: true.",
    );
  }
}
