import { ValueError } from "../../core/errors.ts";
import { instanceOf, oneOf, optional, readOptions, required, withNone } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { concat, reverse } from "../../ops/data/movement.ts";
import { branchOf } from "../../ops/data/random.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import type { CallContext, CallResult, Layer, LayerConfig, LayerOptions } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { Rnn, type WithStates } from "./rnn.ts";
import { insideConfig, Wrapper } from "./wrapper.ts";

/** How the two directions' outputs become one. */
const MERGE_MODES = ["concat", "sum", "mul", "ave", "none"] as const;

/** How the outputs of both directions become one; "none" gives both. */
export type MergeMode = (typeof MERGE_MODES)[number];

/** Options of `bidirectional`; names and defaults are Keras's. */
export interface BidirectionalOptions extends LayerOptions {
  /** The layer that reads forwards. */
  readonly layer: Rnn;
  /** The layer that reads backwards; `layer` made again with the other `goBackwards` when absent. */
  readonly backwardLayer?: Rnn;
  /** "concat" when absent; null is "none". */
  readonly mergeMode?: MergeMode | null;
}

const recurrent = instanceOf("a recurrent layer, such as lstm({ units: 32 })", Rnn);

const BIDIRECTIONAL = {
  layer: required(recurrent),
  backwardLayer: optional(recurrent),
  mergeMode: withNone(oneOf(MERGE_MODES), "concat", "none" as const),
  ...LAYER,
};

/**
 * A recurrent layer in both directions (Schuster & Paliwal 1997): `[B, T, D]` -> `[B, 2·units]` ("concat"), `[B,
 * units]` ("sum", "mul", "ave") or both outputs ("none"); with T where the layers return sequences. Weights: those of
 * the forward layer, then those of the backward layer. In sequences, masked steps are zeros. Keras:
 * https://keras.io/api/layers/recurrent_layers/bidirectional/
 */
export class Bidirectional extends Wrapper {
  readonly className = "Bidirectional";
  readonly forwardLayer: Rnn;
  readonly backwardLayer: Rnn;
  readonly mergeMode: MergeMode;
  readonly #hasOwnBackward: boolean;

  constructor(options: BidirectionalOptions) {
    const given = readOptions("bidirectional", BIDIRECTIONAL, options);
    super(given);
    const { layer, backwardLayer } = given;
    this.mergeMode = given.mergeMode;
    const own = { LSTM: "lstm", GRU: "gru", SimpleRNN: "simple_rnn" }[layer.className] ?? "rnn";
    const base = (layer.name || own).replace(/^forward_/, "");
    this.#hasOwnBackward = backwardLayer !== null;
    this.forwardLayer = layer;
    this.backwardLayer = backwardLayer ?? layer.reversed(`backward_${base}`);
    if (backwardLayer === null || layer.name === "") layer.name = `forward_${base}`;
    this.#expectPair();
    // As Keras does: where directions meet step by step, a masked step is zeros from both.
    for (const each of this.inner as readonly Rnn[]) each.zeroOutputForMask = each.returnSequences;
  }

  #expectPair(): void {
    const { forwardLayer: forward, backwardLayer: backward } = this;
    if (forward === backward || forward.goBackwards === backward.goBackwards) {
      throw new ValueError(
        "bidirectional: both layers read in one direction; " +
          "expected a backwardLayer whose goBackwards differs from the layer's",
      );
    }
    if (forward.name === backward.name) {
      throw new ValueError(
        `bidirectional: both layers have the name "${forward.name}", so their weights would too; give the ` +
          "backwardLayer another",
        { name: forward.name },
      );
    }
    for (const option of ["returnSequences", "returnState", "stateful"] as const) {
      if (forward[option] === backward[option]) continue;
      throw new ValueError(
        `bidirectional: ${option} is ${forward[option]} for the layer and ${backward[option]} for the ` +
          "backwardLayer; expected the same",
        { option },
      );
    }
    const [size, other] = [forward.cell.outputSize, backward.cell.outputSize];
    if (size !== other && !["concat", "none"].includes(this.mergeMode)) {
      throw new ValueError(
        `bidirectional: mergeMode "${this.mergeMode}" joins outputs of one size; the layers give ${size} and ` +
          `${other}. Take "concat"`,
        { mergeMode: this.mergeMode },
      );
    }
  }

  get config(): LayerConfig {
    // Made again from the forward layer, the backward one would be frozen as that is.
    const isOwn = this.#hasOwnBackward || this.forwardLayer.trainable !== this.backwardLayer.trainable;
    return {
      layer: insideConfig(this.forwardLayer),
      ...(isOwn && { backwardLayer: insideConfig(this.backwardLayer) }),
      mergeMode: this.mergeMode,
      ...this.baseConfig,
    };
  }

  protected get inner(): readonly Layer[] {
    return [this.forwardLayer, this.backwardLayer];
  }

  /** Whether every step's output is given, not the last one's only. */
  get returnSequences(): boolean {
    return this.forwardLayer.returnSequences;
  }

  /** Whether the last states are given too. */
  get returnState(): boolean {
    return this.forwardLayer.returnState;
  }

  /** How a training runs: "kernel" where both directions do. */
  get path(): "kernel" | "cells" {
    return this.forwardLayer.path === "kernel" ? this.backwardLayer.path : "cells";
  }

  protected override checkInput(inputShape: Shape): void {
    this.expectSequence(inputShape);
  }

  outputShape(inputShape: Shape): Shape {
    const [forward, backward] = [this.forwardLayer.outputShape(inputShape), this.backwardLayer.outputShape(inputShape)];
    if (this.mergeMode !== "concat") return forward;
    return [...forward.slice(0, -1), (forward.at(-1) as number) + (backward.at(-1) as number)];
  }

  /**
   * The output, or both outputs with "none"; with `returnState` the states of the forward layer, then of the backward
   * one.
   */
  override outputShapes(inputShape: Shape): readonly Shape[] {
    const outputs =
      this.mergeMode === "none"
        ? [this.forwardLayer.outputShape(inputShape), this.backwardLayer.outputShape(inputShape)]
        : [this.outputShape(inputShape)];
    return [...outputs, ...(this.returnState ? this.stateShapes() : [])];
  }

  /** The shapes of the states that the layer may start from: those of the forward layer, then of the backward one. */
  override stateShapes(): readonly Shape[] {
    return [...this.forwardLayer.stateShapes(), ...this.backwardLayer.stateShapes()];
  }

  /** The states that live on from batch to batch; none unless the layers are `stateful`. */
  override get stateVariables(): readonly Variable[] {
    return [...this.forwardLayer.stateVariables, ...this.backwardLayer.stateVariables];
  }

  /** Sets the states of both layers to zero. @throws ValueError unless they are `stateful`. */
  resetStates(): void {
    this.forwardLayer.resetStates();
    this.backwardLayer.resetStates();
  }

  compute(x: Value, context: CallContext): CallResult {
    const count = this.forwardLayer.stateShapes().length;
    const { initialState } = context;
    const total = this.stateShapes().length;
    if (initialState !== undefined && initialState.length !== total) {
      throw new ValueError(
        `${this.label}: got ${initialState.length} initial states; expected ${total}: those of ` +
          "the forward layer, then those of the backward one",
        { layer: this.name, states: initialState.length },
      );
    }
    const run = (layer: Rnn, branch: number, initial: readonly Value[] | undefined) =>
      layer.compute(x, {
        ...context,
        random: () => branchOf(context.random(), 64 + branch),
        initialState: initial,
      });
    const forward = run(this.forwardLayer, 0, initialState?.slice(0, count));
    const backward = run(this.backwardLayer, 1, initialState?.slice(count));
    // As in Keras it is the second layer's sequence that is turned, whichever of the two reads backwards.
    const turned = this.returnSequences ? reverse(backward.output, 1) : backward.output;
    const outputs = this.#merge(forward.output, turned);
    const states = [...(forward.states ?? []), ...(backward.states ?? [])];
    return {
      output: outputs[0] as Value,
      outputs: [...outputs, ...(this.returnState ? states : [])],
      mask: this.returnSequences ? context.mask : undefined,
      masks: this.returnSequences ? outputs.map(() => context.mask) : [],
      states,
      updates: [...(forward.updates ?? []), ...(backward.updates ?? [])],
      traces: [
        { layer: this.forwardLayer, result: forward },
        { layer: this.backwardLayer, result: backward },
      ],
      penalties: [
        ...this.forwardLayer.activityPenalties(forward.outputs ?? []),
        ...this.backwardLayer.activityPenalties(backward.outputs ?? []),
      ],
    };
  }

  #merge(forward: Value, backward: Value): readonly Value[] {
    switch (this.mergeMode) {
      case "concat":
        return [concat([forward, backward], -1)];
      case "sum":
        return [add(forward, backward)];
      case "mul":
        return [mul(forward, backward)];
      case "ave":
        return [mul(add(forward, backward), 0.5)];
      case "none":
        return [forward, backward];
    }
  }
}

/** A recurrent layer in both directions. */
export function bidirectional(
  options: BidirectionalOptions & { readonly layer: WithStates },
): Bidirectional & { readonly returnState: true };
export function bidirectional(options: BidirectionalOptions): Bidirectional;
export function bidirectional(options: BidirectionalOptions): Bidirectional {
  return new Bidirectional(options);
}
