/** What passes between a layer and whoever builds or calls it. */
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import type { RandomSource } from "../../ops/data/random.ts";
import type { Constraint } from "../weights/constraints.ts";
import type { Initializer } from "../weights/initializers.ts";
import type { Regularizer, RegularizerLike } from "../weights/regularizers.ts";

/** What a layer learns of the run it is part of. */
export interface CallContext {
  readonly training: boolean;
  /** Random numbers of this layer's own; others at each request, and others at each step. */
  random(): RandomSource;
  /** All inputs, in the order of the call; `x` alone for a layer of one input. */
  readonly inputs: readonly Value[];
  /** bool `[B, T]` over the timesteps of the first input, or undefined. */
  readonly mask?: Value | undefined;
  /** The masks of all inputs. */
  readonly masks: readonly (Value | undefined)[];
  /** States of a recurrent layer before the first step; zeros when absent. */
  readonly initialState?: readonly Value[] | undefined;
  /** What a variable of the layer's own holds by now, where an earlier call of the same run may have changed it. */
  readonly stateOf?: ((variable: Variable) => Value) | undefined;
}

/**
 * How the hidden state of one step reaches the next, for who asks how the output depends on it: through the recurrent
 * product, whose gradient is that of `projected` (times `innerScale`), and, where `carry` is there, by that share
 * unchanged.
 */
export interface StepLink {
  /** The input's projection as the sweep reads it, `[B, T, G·H]`. */
  readonly projected: Value;
  /** The recurrent kernel, `[H, G·H]`. */
  readonly recurrent: Value;
  /** `[B, T, G·H]`; ones when absent. */
  readonly innerScale?: Value;
  /** `[B, T, H]`; zeros when absent. */
  readonly carry?: Value;
}

/** Shape and dtype of one output of a layer. */
export interface SymbolicType {
  /** Without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A weight that a layer declares. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** Its penalty is added to the loss while the weight is trained. */
  readonly regularizer?: Regularizer | undefined;
  /** Applied after every update of the weight. */
  readonly constraint?: Constraint | undefined;
  /** False for what no gradient changes: moving statistics, states. True when absent. */
  readonly trainable?: boolean;
}

/** Options that every layer has. */
export interface LayerOptions {
  readonly name?: string;
  /** False: the weights stay as they are; may be changed later, see `Layer.trainable`. True when absent. */
  readonly trainable?: boolean;
  /** A penalty on the output, divided by the batch size. */
  readonly activityRegularizer?: RegularizerLike;
}

/** The least and the greatest number of inputs of a layer. */
export interface InputCount {
  readonly least: number;
  readonly most: number;
}

/** Options as data: what JSON can hold. */
export type ConfigValue =
  | number
  | string
  | boolean
  | null
  | readonly ConfigValue[]
  | { readonly [option: string]: ConfigValue | undefined };

/** A layer's options as data: what a saved model keeps. */
export type LayerConfig = Readonly<Record<string, ConfigValue>>;
