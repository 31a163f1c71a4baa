import { ShapeError, ValueError } from "../../core/errors.ts";
import { flag, instanceOf, readOptions, required, withDefault } from "../../core/option_table.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import { constant, type Value, type Variable } from "../../graph/operation.ts";
import { expandDims, reshape, reverse, slice } from "../../ops/data/movement.ts";
import { cast, greater, where } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { RnnCell, type SweepInputs } from "./cell.ts";
import type { CallContext, CallResult, Layer, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { type LoopResult, runCell } from "./rnn_loop.ts";
import { LivingStates } from "./rnn_states.ts";
import { insideConfig, Wrapper } from "./wrapper.ts";

/** Options that all recurrent layers share; names and defaults are Keras's. */
export interface RnnOptions extends LayerOptions {
  /** Give the output of every timestep, `[B, T, units]`, instead of the last. */
  readonly returnSequences?: boolean;
  /** Give the last states beside the output (in a functional model). */
  readonly returnState?: boolean;
  /** Read the sequence from its end; sequences come out in that order too. */
  readonly goBackwards?: boolean;
  /** Row b of a batch goes on from the states in which row b of the batch before ended. */
  readonly stateful?: boolean;
  /** With a mask, give zeros at masked timesteps instead of the output before. */
  readonly zeroOutputForMask?: boolean;
}

/** The table of what recurrent layers share. */
export const RNN = {
  returnSequences: withDefault(flag, false),
  returnState: withDefault(flag, false),
  goBackwards: withDefault(flag, false),
  stateful: withDefault(flag, false),
  zeroOutputForMask: withDefault(flag, false),
  ...LAYER,
};

const OVER_CELL = {
  cell: required(instanceOf("a cell, such as lstmCell({ units: 32 })", RnnCell)),
  ...RNN,
};

/** A layer whose calls give the output and the states. */
export type WithStates<L extends Rnn = Rnn> = L & { readonly returnState: true };

/**
 * A recurrent layer over a cell: `[B, T, D]` -> `[B, outputSize]`, or `[B, T, outputSize]` with `returnSequences`.
 * Cells that have a kernel run it, with the loop over time inside; the steps of others are written out one by one:
 * `path` says which. Keras: https://keras.io/api/layers/recurrent_layers/rnn/
 */
export class Rnn<Cell extends RnnCell = RnnCell> extends Wrapper {
  readonly className: string = "RNN";
  readonly cell: Cell;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly goBackwards: boolean;
  readonly stateful: boolean;
  /** At masked steps the sequence holds zeros instead of the state so far; `bidirectional` sets it, as Keras does. */
  zeroOutputForMask: boolean;
  readonly #living = new LivingStates();

  constructor(cell: Cell, options: RnnOptions = {}) {
    const given = readOptions("rnn", OVER_CELL, { ...options, cell });
    super(given);
    this.cell = cell;
    this.returnSequences = given.returnSequences;
    this.returnState = given.returnState;
    this.goBackwards = given.goBackwards;
    this.stateful = given.stateful;
    this.zeroOutputForMask = given.zeroOutputForMask;
  }

  /** The options of a recurrent layer as data, without its cell. */
  protected get sequenceConfig(): LayerConfig {
    const { returnSequences, returnState, goBackwards, stateful, zeroOutputForMask } = this;
    return { returnSequences, returnState, goBackwards, stateful, zeroOutputForMask, ...this.baseConfig };
  }

  get config(): LayerConfig {
    return { cell: insideConfig(this.cell), ...this.sequenceConfig };
  }

  protected get inner(): readonly Layer[] {
    return [this.cell];
  }

  protected override innerShape(inputShape: Shape): Shape {
    return inputShape.slice(1);
  }

  protected override checkInput(inputShape: Shape): void {
    this.expectSequence(inputShape);
  }

  /**
   * The same layer, with weights of its own, that reads from the other end: what `bidirectional` makes of it.
   * @throws ValueError where the layer cannot be made again, because its cell was given.
   */
  reversed(_name: string): Rnn {
    throw new ValueError(
      `${this.label}: a layer over a given cell cannot be made again to read backwards; give ` +
        "bidirectional a backwardLayer with goBackwards: true",
      { layer: this.name },
    );
  }

  /** How a training runs: in a kernel with the loop over time inside, or in steps that are written out one by one. */
  get path(): "kernel" | "cells" {
    return this.cell.path(true);
  }

  outputShape(inputShape: Shape): Shape {
    const { outputSize } = this.cell;
    return this.returnSequences ? [inputShape[0] as number, outputSize] : [outputSize];
  }

  /** With `returnState`, the shapes of the states follow that of the output. */
  override outputShapes(inputShape: Shape): readonly Shape[] {
    return [this.outputShape(inputShape), ...(this.returnState ? this.stateShapes() : [])];
  }

  /** The shapes of the states that the layer may start from. */
  override stateShapes(): readonly Shape[] {
    return this.cell.stateSizes.map((size) => [size]);
  }

  /** The states that live on from batch to batch; none before the first batch, or unless `stateful`. */
  override get stateVariables(): readonly Variable[] {
    return this.#living.variables;
  }

  /** Sets the states to zero. @throws ValueError unless `stateful`. */
  resetStates(): void {
    if (!this.stateful) {
      throw new ValueError(`${this.name || this.className}: resetStates is for a layer with stateful: true`, {
        layer: this.name,
      });
    }
    this.#living.reset();
  }

  compute(x: Value, context: CallContext): CallResult {
    const [batch, time] = x.shape as [number, number];
    const ordered = (value: Value) => (this.goBackwards ? reverse(value, 1) : value);
    const given = this.#initialStates(batch, context);
    const mask = context.mask && ordered(this.#checkMask(context.mask, [batch, time]));
    const inputs: SweepInputs = { x: ordered(x), initial: given, mask };
    const { hidden, last, states, saved, savedNames, link } = this.#run(inputs, context);
    const all = this.returnSequences && hidden !== undefined ? this.#maskedHidden(hidden, mask) : undefined;
    const output = all ?? this.#maskedLast(last, mask);
    return {
      output,
      outputs: this.returnState ? [output, ...states] : [output],
      mask: this.returnSequences ? context.mask : undefined,
      states,
      ...(saved && { saved }),
      ...(savedNames && { savedNames }),
      ...(hidden && { hidden }),
      ...(link && mask === undefined && { link }),
      ...(this.stateful && { updates: this.#living.after(states) }),
    };
  }

  /** The steps, in the kernel or written out. Before the first step that counts, the output is zeros. */
  #run(inputs: SweepInputs, context: CallContext): LoopResult {
    const { cell } = this;
    if (cell.path(context.training) === "cells") return runCell(cell, inputs, context, this.returnSequences);
    const swept = cell.sweep(inputs, context);
    const { hidden } = swept;
    const last = swept.last ?? (swept.states[0] as Value);
    if (inputs.initial === undefined || inputs.mask === undefined) return { ...swept, last };
    // A kernel repeats the initial state there.
    const [batch, time] = inputs.mask.shape as [number, number];
    const hasBegun = begun(inputs.mask);
    const atEnd = slice(hasBegun, [0, time - 1], [batch, 1]);
    return { ...swept, hidden: where(expandDims(hasBegun, 2), hidden, 0), last: where(atEnd, last, 0) };
  }

  #maskedHidden(hidden: Value, mask: Value | undefined): Value {
    return this.zeroOutputForMask && mask !== undefined ? where(expandDims(mask, 2), hidden, 0) : hidden;
  }

  #maskedLast(last: Value, mask: Value | undefined): Value {
    if (!this.zeroOutputForMask || mask === undefined) return last;
    const [batch, time] = mask.shape as [number, number];
    return where(slice(mask, [0, time - 1], [batch, 1]), last, 0);
  }

  #initialStates(batch: number, { initialState, stateOf }: CallContext): readonly Value[] | undefined {
    const sizes = this.cell.stateSizes;
    // Even where other states are given, those that live on are made, so that they can be kept.
    const living = this.stateful ? this.#living.before(this.name || this.className, batch, sizes, stateOf) : undefined;
    if (initialState === undefined) return living;
    if (initialState.length !== sizes.length) {
      throw new ValueError(`${this.label}: got ${initialState.length} initial states; expected ${sizes.length}`, {
        layer: this.name,
        states: initialState.length,
      });
    }
    for (const [index, { shape }] of initialState.entries()) {
      const expected = [batch, sizes[index] as number];
      if (sameShape(shape, expected)) continue;
      throw new ShapeError(
        `${this.label}: initial state ${index} is ${formatShape(shape)}; expected ` + `${formatShape(expected)}`,
        { layer: this.name, shape, expected },
      );
    }
    return initialState;
  }

  #checkMask(mask: Value, expected: Shape): Value {
    if (mask.dtype !== "bool" || !sameShape(mask.shape, expected)) {
      throw new ShapeError(
        `${this.label}: the mask is ${mask.dtype} ${formatShape(mask.shape)}; expected bool ` +
          `${formatShape(expected)}: one for each timestep of the input`,
        { layer: this.name, shape: mask.shape, expected },
      );
    }
    return mask;
  }
}

/** Where a mask `[B, T]` was true at this timestep or an earlier one. */
function begun(mask: Value): Value {
  const [batch, time] = mask.shape as [number, number];
  const earlier = Float32Array.from({ length: time * time }, (_, at) => Number(Math.floor(at / time) <= at % time));
  const counts = matmul(cast(mask, "float32"), constant({ shape: [time, time], data: earlier }));
  return reshape(greater(counts, 0.5), [batch, time]);
}

/** A recurrent layer over a cell of your own, or one of Keras's. */
export function rnn<Cell extends RnnCell>(
  options: RnnOptions & { readonly cell: Cell; readonly returnState: true },
): WithStates<Rnn<Cell>>;
export function rnn<Cell extends RnnCell>(options: RnnOptions & { readonly cell: Cell }): Rnn<Cell>;
export function rnn<Cell extends RnnCell>(options: RnnOptions & { readonly cell: Cell }): Rnn<Cell> {
  readOptions("rnn", OVER_CELL, options);
  const { cell, ...rest } = options;
  return new Rnn(cell, rest);
}
