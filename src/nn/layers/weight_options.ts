/** The three options that every weight of a layer has: initializer, regularizer and constraint. */

import { readSome } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Constraint, ConstraintLike } from "../weights/constraints.ts";
import type { Initializer, InitializerLike } from "../weights/initializers.ts";
import type { Regularizer, RegularizerLike } from "../weights/regularizers.ts";
import type { LayerConfig, WeightSpec } from "./layer.ts";
import { weightTable } from "./layer_options.ts";

/** `kernelInitializer`, `kernelRegularizer` and `kernelConstraint` for the prefix "kernel". */
export type WeightOptions<Prefix extends string> = {
  readonly [Option in `${Prefix}Initializer`]?: InitializerLike;
} & { readonly [Option in `${Prefix}Regularizer`]?: RegularizerLike } & {
  readonly [Option in `${Prefix}Constraint`]?: ConstraintLike;
};

/** What was asked for one weight, checked. */
export class WeightRule {
  readonly initializer: Initializer;
  readonly regularizer: Regularizer | undefined;
  readonly constraint: Constraint | undefined;
  readonly #prefix: string;

  /**
   * @param initializer where the options have none
   * @throws ValueError for an unknown initializer, regularizer or constraint, listing the known ones.
   */
  constructor(prefix: string, options: object, initializer: InitializerLike = "glorotUniform") {
    const given = readSome("a layer", weightTable("weight", initializer), {
      weightInitializer: Reflect.get(options, `${prefix}Initializer`),
      weightRegularizer: Reflect.get(options, `${prefix}Regularizer`),
      weightConstraint: Reflect.get(options, `${prefix}Constraint`),
    });
    this.#prefix = prefix;
    this.initializer = given.weightInitializer;
    this.regularizer = given.weightRegularizer ?? undefined;
    this.constraint = given.weightConstraint ?? undefined;
  }

  /** The options as data: the initializer, and the others where they were given. */
  get config(): LayerConfig {
    return {
      [`${this.#prefix}Initializer`]: this.initializer.config,
      ...(this.regularizer && { [`${this.#prefix}Regularizer`]: this.regularizer.config }),
      ...(this.constraint && { [`${this.#prefix}Constraint`]: this.constraint.config }),
    };
  }

  /** A weight of this kind. */
  spec(name: string, shape: Shape, initializer: Initializer = this.initializer): WeightSpec {
    return { name, shape, initializer, regularizer: this.regularizer, constraint: this.constraint };
  }
}
