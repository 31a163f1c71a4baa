import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";

/** What one input of a model must be. */
export interface InputSpec {
  /** The input layer's name. */
  readonly name: string;
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** Ids must be below this; undefined where the input is no ids. */
  readonly idLimit: number | undefined;
}
