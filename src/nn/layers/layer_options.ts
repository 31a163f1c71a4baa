/** What layers' options are made of: the kinds that most layers take, and the table of those that every layer has. */
import {
  flag,
  type Option,
  type OptionKind,
  type OptionsOf,
  optional,
  resolvedBy,
  withDefault,
} from "../../core/option_table.ts";
import { type Activation, resolveActivation } from "../activations/index.ts";
import { type Constraint, resolveConstraint } from "../weights/constraints.ts";
import { type Initializer, type InitializerLike, resolveInitializer } from "../weights/initializers.ts";
import { type Regularizer, resolveRegularizer } from "../weights/regularizers.ts";

/** A layer's or a model's name. As in Keras it has no slash, which in a weight's name ends the layer's. */
export const nameKind: OptionKind<string> = {
  expected: 'text without "/"',
  read: (value) => (typeof value === "string" && !value.includes("/") ? value : undefined),
};

const initializer = resolvedBy("an initializer", resolveInitializer);
const regularizer = resolvedBy("a regularizer", resolveRegularizer);
const constraint = resolvedBy("a constraint", resolveConstraint);

/** Options that every layer has. */
export const LAYER = {
  name: withDefault(nameKind, ""),
  trainable: withDefault(flag, true),
  activityRegularizer: optional(regularizer),
};

/** What the base of all layers reads. */
export type ReadLayerOptions = OptionsOf<typeof LAYER>;

const activationKind = resolvedBy("an activation", resolveActivation);

/** An activation, with a default. */
/* @__NO_SIDE_EFFECTS__ */
export function activationOption(absent: "linear" | "tanh" | "sigmoid"): Option<Activation> {
  return withDefault(activationKind, resolveActivation(absent));
}

/** The three options of a weight. */
export type WeightTable<Prefix extends string> = Readonly<
  Record<`${Prefix}Initializer`, Option<Initializer>> &
    Record<`${Prefix}Regularizer`, Option<Regularizer | null>> &
    Record<`${Prefix}Constraint`, Option<Constraint | null>>
>;

/** `kernelInitializer`, `kernelRegularizer` and `kernelConstraint` for the prefix "kernel". */
/* @__NO_SIDE_EFFECTS__ */
export function weightTable<Prefix extends string>(prefix: Prefix, absent: InitializerLike): WeightTable<Prefix> {
  return {
    [`${prefix}Initializer`]: withDefault(initializer, resolveInitializer(absent)),
    [`${prefix}Regularizer`]: optional(regularizer),
    [`${prefix}Constraint`]: optional(constraint),
  } as WeightTable<Prefix>;
}
