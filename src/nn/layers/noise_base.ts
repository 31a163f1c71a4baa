/** What layers that change their input at random while training have in common. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import type { RandomSource } from "../../ops/random.ts";
import { type CallContext, type CallResult, type LayerConfig, type LayerOptions, Weightless } from "./layer.ts";

/** Options of layers that draw random numbers. */
export interface NoiseOptions extends LayerOptions {
  /** Of this layer's random numbers; they follow from the model's seed when absent or null. */
  readonly seed?: number | null;
}

/** The base of layers that act while training only. */
export abstract class Noise extends Weightless {
  readonly seed: number | undefined;

  constructor(options: NoiseOptions) {
    super(options);
    this.seed = options.seed ?? undefined;
  }

  /** The training's output. */
  protected abstract disturb(x: Value, source: RandomSource): Value;

  /** False where training changes nothing. */
  protected abstract get isActive(): boolean;

  protected override get baseConfig(): LayerConfig {
    return { ...super.baseConfig, ...(this.seed !== undefined && { seed: this.seed }) };
  }

  compute(x: Value, context: CallContext): CallResult {
    if (!context.training || !this.isActive) return { output: x, mask: context.mask };
    const source = context.random();
    return {
      output: this.disturb(x, this.seed === undefined ? source : { ...source, seed: this.seed }),
      mask: context.mask,
    };
  }
}

/** @throws ValueError for a rate that is no share. */
export function expectRate(layer: string, rate: number): number {
  if (!(rate >= 0 && rate < 1)) throw new ValueError(`${layer}: rate is ${rate}; expected 0 ≤ rate < 1`, { rate });
  return rate;
}

/** The shape of the random numbers: `noiseShape` with null replaced by the input's own size. */
export function resolveNoiseShape(layer: string, x: Shape, noiseShape: readonly (number | null)[] | undefined): Shape {
  if (noiseShape === undefined) return x;
  const shape = noiseShape.map((size, axis) => size ?? x[axis] ?? 1);
  if (shape.length !== x.length || shape.some((size, axis) => size !== 1 && size !== x[axis])) {
    throw new ShapeError(
      `${layer}: noiseShape is [${noiseShape.join(", ")}], the input ${formatShape(x)}; expected one entry per axis (the batch too): the axis's size, null for it, or 1`,
      { noiseShape, shape: x },
    );
  }
  return shape;
}
