/** What is kept of an HDF5 file: numbers by path, and the `name` that Keras gives a group. */
import type { NdArray } from "../../core/nd_array.ts";

export interface Hdf5Content {
  /** float32 and int32 arrays; 64-bit integers are narrowed. Paths have no leading slash. */
  readonly datasets: Map<string, NdArray>;
  /** Every group and its attribute `name`, where it has one. */
  readonly groups: Map<string, string | undefined>;
}
