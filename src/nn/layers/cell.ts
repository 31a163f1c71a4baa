/**
 * What a recurrent cell is: one step of a recurrent layer, from x and the states before it to an output and the states
 * after it.
 */
import type { Shape } from "../../core/shape.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { broadcastTo } from "../../ops/data/movement.ts";
import type { RandomSource } from "../../ops/data/random.ts";
import { type CallContext, type CallResult, Layer } from "./layer.ts";
import type { StepLink } from "./layer_types.ts";

/** What a cell learns of the run it is part of. */
export interface CellContext {
  readonly training: boolean;
  /** Random numbers of the layer's own; another set at each training step. */
  random(): RandomSource;
}

/** What a step gives. */
export interface CellStep {
  /** `[B, outputSize]`. */
  readonly output: Value;
  /** The states after the step, each `[B, size]`, in the order of `stateSizes`. */
  readonly states: readonly Value[];
}

/** A sequence that a cell has begun: what is computed once for all timesteps lies behind it. */
export interface CellSequence {
  /** What the steps read, `[B, T, ...]`; step t gets its part `[B, ...]`. */
  readonly x: Value;
  /** One timestep. */
  step(x: Value, states: readonly Value[]): CellStep;
}

/** What a cell's kernel takes. */
export interface SweepInputs {
  /** `[B, T, D]`, in the order in which it is read. */
  readonly x: Value;
  /** States before the first step, each `[B, size]`; zeros when absent. */
  readonly initial: readonly Value[] | undefined;
  /** bool `[B, T]`; where false the states pass unchanged. */
  readonly mask: Value | undefined;
}

/** What a cell's kernel gives. */
export interface CellSweep {
  /**
   * The output of every step, `[B, T, outputSize]`; at masked steps the one before, at first that of the initial
   * states.
   */
  readonly hidden: Value;
  /** The output of the last step, `[B, outputSize]`; the first state when absent. */
  readonly last?: Value;
  readonly states: readonly Value[];
  /** What the steps kept, `[B, T, parts·units]`, and the names of the parts. */
  readonly saved?: Value;
  readonly savedNames?: readonly string[];
  readonly link?: StepLink;
}

/**
 * The base of all cells. A cell of your own declares its weights (`weightSpecs`), the sizes of its states and one step;
 * `rnn({ cell })` makes a layer of it.
 * @example
 * class Leaky extends RnnCell {
 *   readonly className = "Leaky";
 *   readonly stateSizes = [8];
 *   readonly config = {};
 *   weightSpecs([, size = 0]: Shape) { return [{ name: "kernel", shape: [size, 8], initializer: glorotUniform() }]; }
 *   step(x: Value, [h]: readonly Value[]) {
 *     const next = ops.add(ops.mul(h, 0.9), ops.matmul(x, this.weight(0)));
 *     return { output: next, states: [next] };
 *   }
 * }
 */
export abstract class RnnCell extends Layer {
  /** The sizes of the states, h first. */
  abstract readonly stateSizes: readonly number[];

  /** One step: x `[B, D]` and the states `[B, size]`. */
  abstract step(x: Value, states: readonly Value[], context: CellContext): CellStep;

  /** The size of the output; that of the first state, unless a cell says another. */
  get outputSize(): number {
    return this.stateSizes[0] as number;
  }

  /** Which way a run takes: the kernel with the loop over time inside, or steps written out one by one. */
  path(_training: boolean): "kernel" | "cells" {
    return "cells";
  }

  /** Begins a sequence `[B, T, D]`. A cell may compute here what does not depend on the states. */
  begin(x: Value, context: CellContext): CellSequence {
    return { x, step: (part, states) => this.step(part, states, context) };
  }

  /** Runs all steps in the cell's kernel; called only where `path` says so. */
  sweep(_inputs: SweepInputs, _context: CellContext): CellSweep {
    throw new TypeError(`${this.className} has no kernel`);
  }

  outputShape(_inputShape: Shape): Shape {
    return [this.outputSize];
  }

  /** The states before a first step: zeros. */
  zeroStates(batch: number): Value[] {
    return this.stateSizes.map((size) => broadcastTo(scalar(0), [batch, size]));
  }

  /** A cell called as a layer takes one step, from `initialState` or zeros. */
  compute(x: Value, context: CallContext): CallResult {
    const { output, states } = this.step(x, context.initialState ?? this.zeroStates(x.shape[0] as number), context);
    return { output, states };
  }
}
