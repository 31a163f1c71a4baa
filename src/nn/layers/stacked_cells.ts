import { ValueError } from "../../core/errors.ts";
import { instanceOf, listOf, readOptions, required } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { branchOf } from "../../ops/data/random.ts";
import type { Constraint } from "../weights/constraints.ts";
import {
  type CellContext,
  type CellSequence,
  type CellStep,
  type CellSweep,
  RnnCell,
  type SweepInputs,
} from "./cell.ts";
import type { LayerConfig, WeightSpec } from "./layer.ts";
import { LAYER } from "./layer_options.ts";
import { insideConfig } from "./wrapper.ts";

const STACKED = {
  cells: required(listOf(instanceOf("a cell", RnnCell))),
  name: LAYER.name,
};

/**
 * Cells one on top of the other, as one cell: each reads the output of the one below. Its states are those of the
 * cells, from the lowest up. Keras: https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/
 */
export class StackedRnnCells extends RnnCell {
  readonly className = "StackedRNNCells";
  readonly cells: readonly RnnCell[];

  constructor(cells: readonly RnnCell[], options: { readonly name?: string } = {}) {
    const given = readOptions("stackedRnnCells", STACKED, { ...options, cells });
    super(given.name);
    if (given.cells.length === 0) throw new ValueError("stackedRnnCells: got no cells; expected at least one");
    this.cells = given.cells;
  }

  get config(): LayerConfig {
    return { cells: this.cells.map(insideConfig) };
  }

  get stateSizes(): readonly number[] {
    return this.cells.flatMap((cell) => cell.stateSizes);
  }

  override get outputSize(): number {
    return (this.cells.at(-1) as RnnCell).outputSize;
  }

  override path(training: boolean): "kernel" | "cells" {
    return this.cells.every((cell) => cell.path(training) === "kernel") ? "kernel" : "cells";
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    return this.cells.flatMap((cell, index) => [...cell.weightSpecs(this.#inputShape(inputShape, index))]);
  }

  override build(inputShapes: readonly Shape[], make: (spec: WeightSpec) => Variable): void {
    const [inputShape] = this.expectInputs(inputShapes);
    this.cells.forEach((cell, index) => {
      cell.build([this.#inputShape(inputShape, index)], (spec) =>
        make({ ...spec, name: `cell_${index}/${spec.name}` }),
      );
    });
  }

  override get isBuilt(): boolean {
    return this.cells.every((cell) => cell.isBuilt);
  }

  override get weights(): readonly Variable[] {
    return this.cells.flatMap((cell) => cell.weights);
  }

  override get trainableWeights(): readonly Variable[] {
    return this.trainable ? this.cells.flatMap((cell) => cell.trainableWeights) : [];
  }

  override weightPenalties(): Value[] {
    return this.trainable ? this.cells.flatMap((cell) => cell.weightPenalties()) : [];
  }

  override constraintOf(weight: Variable): Constraint | undefined {
    return this.cells.find((cell) => cell.weights.includes(weight))?.constraintOf(weight);
  }

  override begin(x: Value, context: CellContext): CellSequence {
    const [lowest, ...others] = this.cells.map((cell, index) => ({ cell, context: branch(context, index) }));
    const first = lowest as { cell: RnnCell; context: CellContext };
    const bottom = first.cell.begin(x, first.context);
    return {
      x: bottom.x,
      step: (part, states) =>
        this.#climb(states, (index, input, own) => {
          if (index === 0) return bottom.step(part, own);
          const { cell, context: own_ } = others[index - 1] as { cell: RnnCell; context: CellContext };
          return cell.step(input as Value, own, own_);
        }),
    };
  }

  step(x: Value, states: readonly Value[], context: CellContext): CellStep {
    return this.#climb(states, (index, input, own) =>
      (this.cells[index] as RnnCell).step(input ?? x, own, branch(context, index)),
    );
  }

  override sweep({ x, initial, mask }: SweepInputs, context: CellContext): CellSweep {
    let below = x;
    let sweep: CellSweep | undefined;
    const states: Value[] = [];
    for (const [index, cell] of this.cells.entries()) {
      const own = initial?.slice(states.length, states.length + cell.stateSizes.length);
      sweep = cell.sweep({ x: below, initial: own, mask }, branch(context, index));
      states.push(...sweep.states);
      below = sweep.hidden;
    }
    const top = sweep as CellSweep;
    return { hidden: top.hidden, last: top.last ?? (top.states[0] as Value), states };
  }

  /** One step of every cell, from the lowest up. */
  #climb(
    states: readonly Value[],
    step: (index: number, input: Value | undefined, states: readonly Value[]) => CellStep,
  ): CellStep {
    const after: Value[] = [];
    let output: Value | undefined;
    for (const [index, cell] of this.cells.entries()) {
      const next = step(index, output, states.slice(after.length, after.length + cell.stateSizes.length));
      after.push(...next.states);
      output = next.output;
    }
    return { output: output as Value, states: after };
  }

  #inputShape(inputShape: Shape, index: number): Shape {
    return index === 0 ? inputShape : [(this.cells[index - 1] as RnnCell).outputSize];
  }
}

/** The context of one cell of several: random numbers of its own. */
function branch(context: CellContext, index: number): CellContext {
  return { training: context.training, random: () => branchOf(context.random(), 16 + index) };
}

/** Several cells as one. */
export function stackedRnnCells(cells: readonly RnnCell[], options: { readonly name?: string } = {}): StackedRnnCells {
  return new StackedRnnCells(cells, options);
}
