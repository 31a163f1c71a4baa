/** Gradients against central differences, both in the float64 interpreter: JavaScript's numbers are float64. */
import type { DType } from "../../src/core/dtype.ts";
import type { ReferenceArray } from "../../src/graph/op.ts";
import { inputValue, interpret, type NdArray, Random, type Value, vjp } from "../../src/index.ts";
import { expectNear, type Tolerance } from "./tolerance.ts";

/** Options of `checkGradients`. */
export interface GradcheckOptions {
  /** Of the inputs; a bool lies in an Int32Array as an int32 does. */
  readonly dtypes?: readonly DType[];
  /** Outputs that the loss does not depend on. */
  readonly withoutCotangent?: readonly number[];
  /** At most this many elements of each input are moved. */
  readonly maxElements?: number;
  readonly step?: number;
  readonly tolerance?: Tolerance;
}

/**
 * Checks d(Σ output · cotangent) / d(input) for random cotangents, for every float32 input of `build`.
 * @throws Error naming input, element and both numbers.
 */
export function checkGradients(
  name: string,
  build: (values: readonly Value[]) => readonly Value[],
  arrays: readonly NdArray[],
  options: GradcheckOptions = {},
): void {
  const {
    dtypes = [],
    withoutCotangent = [],
    maxElements = 24,
    step = 1e-5,
    tolerance = { absolute: 1e-7, relative: 1e-5 },
  } = options;
  const values = arrays.map(({ shape, data }, index) =>
    inputValue(`input ${index}`, shape, dtypes[index] ?? (data instanceof Int32Array ? "int32" : "float32")),
  );
  const outputs = build(values).filter(({ dtype }, index) => dtype === "float32" && !withoutCotangent.includes(index));
  const cotangents = outputs.map(({ shape }, index) => inputValue(`cotangent ${index}`, shape));
  const wrt = values.filter(({ dtype }) => dtype === "float32");
  const random = new Random(1);
  const bindings = new Map<Value, NdArray | ReferenceArray>();
  for (const [index, value] of values.entries()) bindings.set(value, arrays[index] as NdArray);
  for (const value of cotangents) {
    const size = value.shape.reduce((product, axis) => product * axis, 1);
    bindings.set(value, { shape: value.shape, data: Float64Array.from({ length: size }, () => random.normal()) });
  }
  const found = interpret({ outputs: vjp(outputs, cotangents, wrt), updates: [] }, { inputs: bindings });
  const loss = (changed: Value, data: Float64Array): number => {
    const inputs = new Map(bindings).set(changed, { shape: changed.shape, data });
    const results = interpret({ outputs, updates: [] }, { inputs });
    return results.reduce((sum, { data: y }, which) => {
      const weights = bindings.get(cotangents[which] as Value)?.data as Float64Array;
      return y.reduce((partial, element, index) => partial + element * (weights[index] as number), sum);
    }, 0);
  };
  wrt.forEach((value, which) => {
    const base = Float64Array.from(bindings.get(value)?.data ?? []);
    const gradient = (found[which] as ReferenceArray).data;
    const order = random.permutation(base.length).slice(0, maxElements);
    for (const index of order) {
      const moved = (by: number) => {
        const data = base.slice();
        data[index] = (data[index] as number) + by;
        return loss(value, data);
      };
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      const place = `${name}: d(loss)/d(input ${values.indexOf(value)}[${index}]) by vjp, against central differences`;
      expectNear(place, gradient[index] as number, numeric, tolerance);
    }
  });
}
