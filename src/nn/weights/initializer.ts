/** What an initializer is. */
import type { OptionKind } from "../../core/option_table.ts";
import type { Random } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";

/** What initializers make weights of: so far from the end of float32 that no draw passes it. */
export const moderate: OptionKind<number> = {
  expected: "a number between −1e37 and 1e37",
  read: (value) => (typeof value === "number" && Math.abs(value) <= 1e37 ? value + 0 : undefined),
};

/** Fills a weight. `config` is what a saved model keeps. */
export interface Initializer {
  readonly config: InitializerConfig;
  /** Numbers for a weight of that shape, row by row. */
  fill(shape: Shape, random: Random): Float32Array;
}

/** An initializer as data. */
export interface InitializerConfig {
  readonly name: string;
  readonly [option: string]: number | string;
}
