/** Resolves activations, given by name or with options, and serializes them. */

import { ValueError } from "../../core/errors.ts";
import { entryNamed } from "../../core/named.ts";
import { asNamed } from "../../core/options.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { ACTIVATIONS, type ActivationFunction, type ActivationOptions } from "./functions.ts";

/** Canonical names in camel case. */
type CanonicalName = keyof typeof ACTIVATIONS;

/** Converts `hardSigmoid` to `hard_sigmoid`. */
type Snake<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${Snake<Rest>}`
  : S;

/** Keras's aliases. */
const ALIASES = { swish: "silu", hardSwish: "hardSilu" } as const satisfies Readonly<Record<string, CanonicalName>>;

/** The name of an activation; Keras's snake case is accepted too. */
export type ActivationName = CanonicalName | keyof typeof ALIASES | Snake<CanonicalName> | Snake<keyof typeof ALIASES>;

/** An activation with options, such as `{ name: "gelu", approximate: true }`. */
export interface ActivationConfig {
  readonly name: ActivationName;
  readonly [option: string]: string | number | boolean | null;
}

/** The value of a layer's `activation` option. */
export type ActivationLike = ActivationName | ActivationConfig | Activation;

/** A validated activation. */
export interface Activation {
  /** The canonical name. */
  readonly name: CanonicalName;
  /** Its serialized form: only the name if no option was given. */
  readonly config: ActivationName | ActivationConfig;
  /** Applies it to a value. */
  apply(x: Value): Value;
  /** The output's shape for an input of this shape: the same except for `glu`. */
  outputShape(shape: Shape): Shape;
}

/** The canonical name. @throws ValueError for an unknown name, listing the known ones. */
export function activationName(name: string): CanonicalName {
  return entryNamed<object>("activation", ACTIVATIONS, name, ALIASES)[0] as CanonicalName;
}

/**
 * Resolves an activation.
 * @throws ValueError for an unknown name or option, listing the known ones.
 */
export function resolveActivation(given: ActivationLike): Activation {
  if (isResolved(given)) return given;
  const { name: asked, ...options } = asNamed<"name", ActivationConfig>("activation", given, "name");
  const name = activationName(asked);
  const definition: ActivationFunction = ACTIVATIONS[name];
  for (const [option, value] of Object.entries(options)) {
    const known = definition.defaults[option];
    if (known === undefined) {
      const names = Object.keys(definition.defaults).join(", ") || "none";
      throw new ValueError(`the activation "${name}" has no option "${option}"; it has ${names}`, { name, option });
    }
    const isFit = typeof known === "boolean" ? typeof value === "boolean" : value === null || Number.isFinite(value);
    if (!isFit) {
      throw new ValueError(
        `the activation "${name}": ${option} is ${JSON.stringify(value)}; expected a ` +
          `${typeof known === "boolean" ? "boolean" : "number"}`,
        { name, option, value },
      );
    }
  }
  const all = { ...definition.defaults, ...options } as ActivationOptions;
  const activation: Activation = {
    name,
    config: Object.keys(options).length === 0 ? name : { name, ...options },
    apply: (x) => definition.apply(x, all),
    outputShape: (shape) => definition.outputShape?.(shape, all) ?? shape,
  };
  RESOLVED.add(activation);
  return activation;
}

/** Activations created here: custom objects could not be saved and loaded. */
const RESOLVED = new WeakSet<object>();

function isResolved(given: ActivationLike): given is Activation {
  return typeof given === "object" && given !== null && RESOLVED.has(given);
}
