/** The contents of an HDF5 file: data sets by path, and the `name` attributes of groups. */
import type { NdArray } from "../../core/nd_array.ts";

export interface Hdf5Content {
  /** float32 and int32 arrays; 64-bit integers are narrowed. Paths have no leading slash. */
  readonly datasets: Map<string, NdArray>;
  /** Every group and its `name` attribute, if any. */
  readonly groups: Map<string, string | undefined>;
}
