import { ShapeError } from "../../core/errors.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { mul } from "../../ops/arithmetic.ts";
import { reshape } from "../../ops/reshape.ts";
import type { CallContext, CallResult, Layer, LayerConfig, LayerOptions } from "./layer.ts";
import { insideConfig, Wrapper } from "./wrapper.ts";

/** Options of `timeDistributed`. */
export interface TimeDistributedOptions extends LayerOptions {
  /** What each timestep goes through. */
  readonly layer: Layer;
}

/**
 * The same layer at every timestep: `[B, T, ...D]` -> `[B, T, ...]`. All timesteps go through it at once, as rows of one
 * batch. Keras: https://keras.io/api/layers/recurrent_layers/time_distributed/
 */
export class TimeDistributed extends Wrapper {
  readonly className = "TimeDistributed";
  readonly layer: Layer;

  constructor(options: TimeDistributedOptions) {
    super(options);
    this.layer = options.layer;
  }

  get config(): LayerConfig {
    return { layer: insideConfig(this.layer), ...this.baseConfig };
  }

  protected get inner(): readonly Layer[] {
    return [this.layer];
  }

  protected override checkInput(inputShape: Shape): void {
    if (inputShape.length > 0) return;
    throw new ShapeError(
      `TimeDistributed "${this.name}": the input is ${formatShape(["B"] as unknown as Shape)}; expected [B, T, ...]: a sequence`,
      { layer: this.name, inputShape },
    );
  }

  protected override innerShape(inputShape: Shape): Shape {
    return inputShape.slice(1);
  }

  override get inputDType(): "float32" | "int32" {
    return this.layer.inputDType;
  }

  override get idLimit(): number | undefined {
    return this.layer.idLimit;
  }

  override get outputDType() {
    return this.layer.outputDType;
  }

  outputShape(inputShape: Shape): Shape {
    return [inputShape[0] as number, ...this.layer.outputShape(this.innerShape(inputShape))];
  }

  compute(x: Value, context: CallContext): CallResult {
    const [batch, time, ...rest] = x.shape as [number, number, ...number[]];
    const rows = reshape(x, [batch * time, ...rest]);
    const { mask } = context;
    // A mask says which timesteps count; the layer inside knows no time.
    const {
      output,
      updates,
      penalties = [],
    } = this.layer.compute(rows, {
      ...context,
      inputs: [rows],
      mask: undefined,
      masks: [undefined],
      initialState: undefined,
    });
    return {
      output: reshape(output, [batch, time, ...output.shape.slice(1)]),
      mask,
      ...(updates && { updates }),
      // Keras calls the layer at each timestep: every call has a penalty of its own, divided by B.
      penalties: [...penalties, ...this.layer.activityPenalties([output]).map((penalty) => mul(penalty, time))],
    };
  }
}

/** The same layer at every timestep. */
export function timeDistributed(options: TimeDistributedOptions): TimeDistributed {
  return new TimeDistributed(options);
}
