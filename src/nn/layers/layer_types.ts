/** What passes between a layer and whoever builds or calls it. */
import type { Shape } from "../../core/shape.ts";
import type { Update, Value, Variable } from "../../graph/operation.ts";
import type { RandomSource } from "../../ops/data/random.ts";
import type { Constraint } from "../weights/constraints.ts";
import type { Initializer } from "../weights/initializers.ts";
import type { Regularizer, RegularizerLike } from "../weights/regularizers.ts";
import type { StepLink } from "./cell.ts";
import type { Layer } from "./layer.ts";
import type { SymbolicTensor } from "./symbolic.ts";

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

/** Options of a layer's `call` on symbolic tensors. */
export interface LayerCallOptions {
  /** Where a recurrent layer starts: one tensor for each of its states, such as [h, c] of an LSTM. Zeros when absent. */
  readonly initialState?: SymbolicTensor | readonly (SymbolicTensor | undefined)[] | undefined;
  /** bool `[B, T]`: true for timesteps that count. The input's own mask when absent; a list for several inputs. */
  readonly mask?: SymbolicTensor | readonly (SymbolicTensor | undefined)[] | undefined;
}

/** What `compute` gives back: the output, and the mask and states that go with it. */
export interface CallResult {
  readonly output: Value;
  /** All outputs, `output` first, of a layer whose `outputShapes` are several. */
  readonly outputs?: readonly Value[];
  /** The masks of `outputs`. */
  readonly masks?: readonly (Value | undefined)[];
  /** The mask of `output`, for the next layer. */
  readonly mask?: Value | undefined;
  /** Final states, where the layer has them. */
  readonly states?: readonly Value[];
  /** What a recurrent layer's steps kept, `[B, T, parts·H]`, such as i, f, candidate, o and c; and the names of the parts. */
  readonly saved?: Value;
  readonly savedNames?: readonly string[];
  /** How a recurrent layer's hidden state reaches the next step, where its kernel ran without a mask. */
  readonly link?: StepLink;
  /** h of every timestep, `[B, T, H]`. */
  readonly hidden?: Value;
  /** What variables of the layer hold after the run: moving statistics, states that live on. */
  readonly updates?: readonly Update[];
  /** What layers inside add to the loss, of a layer that is a model. */
  readonly penalties?: readonly Value[];
  /** What the layers inside gave, of a layer that is a model. */
  readonly traces?: readonly LayerTrace[];
}

/** What a layer gave in one build of a graph. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly result: CallResult;
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
