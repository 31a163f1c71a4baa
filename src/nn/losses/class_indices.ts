import { constant, type Value } from "../../graph/operation.ts";

/** The class indices 0…classes−1 (int32), to compare targets with. */
export function classIndices(classes: number): Value {
  return constant({ shape: [classes], data: Int32Array.from({ length: classes }, (_, index) => index) });
}
