/** The accepted forms of inputs, targets and weights for `fit` and `evaluate`. */
import type { ArrayLike } from "../../core/nd_array.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { InputsLike } from "./data_input.ts";

/** All targets: one array, a list, or an object keyed by output name. */
export type TargetsLike = ArrayLike | readonly ArrayLike[] | Readonly<Record<string, ArrayLike>>;

/** Inputs, targets and optional weights by name. */
export interface DataParts {
  readonly x: InputsLike;
  readonly y: TargetsLike;
  /** The weight of each example, `[N]`, or of each timestep, `[N, T]`; one array per output if there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
}

/** Inputs with targets: a data set, `{ x, y, sampleWeight }`, `[x, y]` or `[x, y, sampleWeight]`. */
export type DataLike =
  | Dataset
  | DataParts
  | readonly [InputsLike, TargetsLike]
  | readonly [InputsLike, TargetsLike, TargetsLike];
