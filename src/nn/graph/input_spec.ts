import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";

/** The requirements for one input of a model. */
export interface InputSpec {
  /** The input layer's name. */
  readonly name: string;
  /** The shape without the batch axis. */
  readonly shape: Shape;
  readonly dtype: DType;
  /** The exclusive upper bound of ids; undefined if the input does not contain ids. */
  readonly idLimit: number | undefined;
}
