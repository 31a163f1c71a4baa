/** What an initializer is. */
import { checkFloat32 } from "../../core/float32_check.ts";
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

/** @throws ValueError unless all options are numbers that are finite in float32. */
export function expectFinite(name: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options)) {
    checkFloat32(name, option, value, "a finite number", () => true);
  }
}
