/** The forms in which `fit` and `evaluate` take inputs with targets and weights. */
import type { ArrayLike } from "../../core/nd_array.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { InputsLike } from "./data_input.ts";

/** All targets: one array, or a list, or an object by the outputs' names. */
export type TargetsLike = ArrayLike | readonly ArrayLike[] | Readonly<Record<string, ArrayLike>>;

/** Inputs, targets and perhaps weights by name. */
export interface DataParts {
  readonly x: InputsLike;
  readonly y: TargetsLike;
  /** How much each example counts, `[N]`, or each timestep, `[N, T]`; one for each output where there are several. */
  readonly sampleWeight?: TargetsLike | undefined;
}

/** Inputs with targets: a data set, `{ x, y, sampleWeight }`, `[x, y]` or `[x, y, sampleWeight]`. */
export type DataLike =
  | Dataset
  | DataParts
  | readonly [InputsLike, TargetsLike]
  | readonly [InputsLike, TargetsLike, TargetsLike];
