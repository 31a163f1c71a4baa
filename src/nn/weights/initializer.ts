/** The initializer interface. */
import type { OptionKind } from "../../core/option_table.ts";
import type { Random } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";

/** Numbers far enough from float32's limits that no random draw exceeds them. */
export const moderate: OptionKind<number> = {
  expected: "a number between −1e37 and 1e37",
  read: (value) => (typeof value === "number" && Math.abs(value) <= 1e37 ? value + 0 : undefined),
};

/** Fills a weight. `config` is its serialized form. */
export interface Initializer {
  readonly config: InitializerConfig;
  /** Returns the initial values for a weight of this shape, in row-major order. */
  fill(shape: Shape, random: Random): Float32Array;
}

/** A serialized initializer. */
export interface InitializerConfig {
  readonly name: string;
  readonly [option: string]: number | string;
}
