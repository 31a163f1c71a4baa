/** Activations by Keras's names (https://keras.io/api/layers/activations/). */
import { ValueError } from "../core/errors.ts";
import type { Value } from "../graph/operation.ts";
import {
  add,
  clip,
  div,
  exp,
  greater,
  maximum,
  minimum,
  mul,
  relu,
  sigmoid,
  softplus,
  sub,
  tanh,
  where,
} from "../ops/arithmetic.ts";
import { softmax } from "../ops/softmax.ts";

const ACTIVATIONS = {
  linear: (x: Value) => x,
  relu,
  sigmoid,
  tanh,
  softmax,
  softplus,
  softsign: (x: Value) => div(x, add(1, maximum(x, mul(x, -1)))),
  silu: (x: Value) => mul(x, sigmoid(x)),
  elu: (x: Value) => where(greater(x, 0), x, sub(exp(minimum(x, 0)), 1)),
  hardSigmoid: (x: Value) => div(clip(add(x, 3), 0, 6), 6),
  exponential: exp,
} as const;

/** The name of an activation; Keras's spelling with underscores is understood too. */
export type ActivationName = keyof typeof ACTIVATIONS | "hard_sigmoid";

/** The canonical spelling. @throws ValueError that lists the known names. */
export function activationName(name: string): keyof typeof ACTIVATIONS {
  const camel = name === "hard_sigmoid" ? "hardSigmoid" : name;
  if (!Object.hasOwn(ACTIVATIONS, camel)) {
    throw new ValueError(`unknown activation "${name}"; expected one of ${Object.keys(ACTIVATIONS).join(", ")}`, {
      activation: name,
    });
  }
  return camel as keyof typeof ACTIVATIONS;
}

/** The op of an activation. */
export function activationOp(name: ActivationName): (x: Value) => Value {
  return ACTIVATIONS[activationName(name)];
}
