/** The three options that every weight of a layer has: initializer, regularizer and constraint. */
import type { Shape } from "../../core/shape.ts";
import { type Constraint, type ConstraintLike, resolveConstraint } from "../weights/constraints.ts";
import { type Initializer, type InitializerLike, resolveInitializer } from "../weights/initializers.ts";
import { type Regularizer, type RegularizerLike, resolveRegularizer } from "../weights/regularizers.ts";
import type { LayerConfig, WeightSpec } from "./layer.ts";

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

  /** @throws ValueError for an unknown initializer, regularizer or constraint, listing the known ones. */
  constructor(prefix: string, options: object, initializer: InitializerLike) {
    const given = options as Readonly<Record<string, unknown>>;
    this.#prefix = prefix;
    this.initializer = resolveInitializer(
      (given[`${prefix}Initializer`] as InitializerLike | undefined) ?? initializer,
    );
    this.regularizer = resolveRegularizer(given[`${prefix}Regularizer`] as RegularizerLike | undefined);
    this.constraint = resolveConstraint(given[`${prefix}Constraint`] as ConstraintLike | undefined);
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
