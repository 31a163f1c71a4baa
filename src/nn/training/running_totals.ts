/** The sums of loss and metrics over an epoch or an evaluation: variables on the GPU that every step adds to. */
import type { HostData } from "../../core/dtype.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { sizeOf } from "../../core/shape.ts";
import { type Update, type Value, Variable } from "../../graph/operation.ts";
import { add, mul, where } from "../../ops/elementwise/arithmetic.ts";
import type { Direction, Metric } from "../metrics/index.ts";
import type { Logs } from "../metrics/logs.ts";

/** A reported result: a metric or the loss. */
export type Measure = Pick<Metric, "name" | "direction" | "result">;

/** A step's contributions to the sums of each measure. */
export type Additions = readonly (readonly Value[])[];

/** A measure that averages over examples and keeps only their sum. */
export function meanMeasure(name: string): Measure {
  return { name, direction: "down", result: ([sum], examples) => (sum?.[0] ?? 0) / examples };
}

/** A batch's contribution to a `meanMeasure`, computed from the batch's mean. */
export function meanAddition(mean: Value, batchSize: number): readonly Value[] {
  return [mul(mean, batchSize)];
}

/** Sums on the GPU, allocated when the first step is built because it determines their shapes. */
export class RunningTotals {
  readonly #measures: readonly Measure[];
  readonly #what: string;
  #variables: readonly (readonly Variable[])[] | undefined;

  constructor(measures: readonly Measure[], what: string) {
    this.#measures = measures;
    this.#what = what;
  }

  /** The names of the results; all results of one metric share its name. */
  get names(): readonly string[] {
    return this.#measures.map(({ name }) => name);
  }

  /** Whether more or less of a result is better. */
  directionOf(name: string): Direction {
    return this.#measures.find((measure) => measure.name === name)?.direction;
  }

  /** All sums, measure by measure. */
  get variables(): readonly Variable[] {
    return this.#variables?.flat() ?? [];
  }

  /** Adds a step's contributions, unless `isCounted` (a bool scalar) is false. */
  updates(additions: Additions, isCounted?: Value): readonly Update[] {
    this.#variables ??= additions.map((values, index) =>
      values.map(({ shape }, part) => {
        const name = `${this.#what}/${this.#measures[index]?.name ?? index}${part === 0 ? "" : `_${part}`}`;
        return new Variable({ name, shape, trainable: false });
      }),
    );
    const values = additions.flat();
    return this.variables.map((variable, index) => {
      const sum = add(variable.value, values[index] as Value);
      return { variable, value: isCounted === undefined ? sum : where(isCounted, sum, variable.value) };
    });
  }

  /** Concatenates the sums that were read back. */
  static flatten(arrays: readonly NdArray[]): number[] {
    return arrays.flatMap(({ data }) => Array.from(data));
  }

  /** Splits concatenated sums into the arrays to write; missing sums are zero. */
  arraysOf(sums: readonly number[]): readonly { readonly variable: Variable; readonly array: NdArray }[] {
    let from = 0;
    return this.variables.map((variable) => {
      const size = sizeOf(variable.shape);
      const data = new Float32Array(size);
      data.set(sums.slice(from, from + size));
      from += size;
      return { variable, array: { shape: variable.shape, data } };
    });
  }

  /**
   * Computes the results from concatenated sums over `examples` examples. Several results of one metric are numbered:
   * `f1Score[0]`.
   */
  logs(sums: readonly number[], examples: number): Logs {
    const parts = this.arraysOf(sums);
    let next = 0;
    const logs: [string, number][] = [];
    for (const [index, { name, result }] of this.#measures.entries()) {
      const count = this.#variables?.[index]?.length ?? 0;
      const own = parts.slice(next, next + count).map(({ array }): HostData => array.data);
      next += count;
      const value = result(own, examples);
      if (typeof value === "number") logs.push([name, value]);
      else if (value.length === 1) logs.push([name, value[0] as number]);
      else for (const [which, each] of value.entries()) logs.push([`${name}[${which}]`, each]);
    }
    return Object.fromEntries(logs);
  }
}
