/** What an initializer is. */
import { ValueError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { Shape } from "../../core/shape.ts";

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

/** @throws ValueError unless all options are finite numbers. */
export function expectFinite(name: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options)) {
    if (!Number.isFinite(value)) {
      throw new ValueError(`${name}: ${option} is ${value}; expected a finite number`, { [option]: value });
    }
  }
}
