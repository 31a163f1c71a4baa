import { ShapeError } from "../../core/errors.ts";
import { instanceOf, readOptions, required } from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { reshape, slice, stack } from "../../ops/data/movement.ts";
import { unstack } from "../../ops/data/unstack.ts";
import { mul } from "../../ops/elementwise/arithmetic.ts";
import { type CallContext, type CallResult, Layer, type LayerConfig, type LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { insideConfig, Wrapper } from "./wrapper.ts";

/** Options of `timeDistributed`. */
export interface TimeDistributedOptions extends LayerOptions {
  /** What each timestep goes through. */
  readonly layer: Layer;
}

const TIME_DISTRIBUTED = {
  layer: required(instanceOf("a layer, such as dense({ units: 32 })", Layer)),
  ...LAYER,
};

/**
 * The same layer at every timestep: `[B, T, ...D]` -> `[B, T, ...]`. All timesteps go through it at once, as rows of
 * one batch, but where a training batch's statistics count (`batchNormalization`): then one after the other. As in
 * Keras the layer's own `activityRegularizer` has no effect here. Keras:
 * https://keras.io/api/layers/recurrent_layers/time_distributed/
 */
export class TimeDistributed extends Wrapper {
  readonly className = "TimeDistributed";
  readonly layer: Layer;

  constructor(options: TimeDistributedOptions) {
    const given = readOptions("timeDistributed", TIME_DISTRIBUTED, options);
    super(given);
    this.layer = given.layer;
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
      `${this.label}: the input is ${formatShape(["B"] as unknown as Shape)}; expected [B, T, ...]: a sequence`,
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
    const { layer } = this;
    const follows = context.training && layer.trainable && layer.weights.some(({ trainable }) => !trainable);
    if (follows) return this.#stepByStep(x, context);
    const rows = reshape(x, [batch * time, ...rest]);
    // A mask says which timesteps count; the layer inside knows no time.
    const { output, updates, penalties } = layer.compute(rows, inside(rows, context));
    return {
      output: reshape(output, [batch, time, ...output.shape.slice(1)]),
      mask: context.mask,
      ...(updates && { updates }),
      // Of a model inside: Keras calls it at each timestep, and every call has penalties of its own, divided by B.
      penalties: penalties?.map((penalty) => mul(penalty, time)) ?? [],
    };
  }

  /** Statistics of a batch are those of one timestep in Keras, and moving ones follow from timestep to timestep. */
  #stepByStep(x: Value, context: CallContext): CallResult {
    const states = new Map<Variable, Value>();
    const stateOf = (variable: Variable) => states.get(variable) ?? context.stateOf?.(variable) ?? variable.value;
    const { mask } = context;
    const [batch] = x.shape as [number];
    const steps = unstack(x, 1).map((part, t) => {
      // One flag for each row: it fits where a row is a vector.
      const own = mask && part.shape.length === 2 ? reshape(slice(mask, [0, t], [batch, 1]), [batch]) : undefined;
      const result = this.layer.compute(part, inside(part, { ...context, stateOf }, own));
      for (const { variable, value } of result.updates ?? []) states.set(variable, value);
      return result;
    });
    return {
      output: stack(
        steps.map(({ output }) => output),
        1,
      ),
      mask,
      updates: Array.from(states, ([variable, value]) => ({ variable, value })),
      penalties: steps.flatMap(({ penalties }) => penalties ?? []),
    };
  }
}

/** The context of the layer inside. */
function inside(x: Value, context: CallContext, mask?: Value): CallContext {
  return { ...context, inputs: [x], mask, masks: [mask], initialState: undefined };
}

/** The same layer at every timestep. */
export function timeDistributed(options: TimeDistributedOptions): TimeDistributed {
  return new TimeDistributed(options);
}
