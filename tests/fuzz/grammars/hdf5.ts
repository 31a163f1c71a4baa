/** HDF5 files from a grammar: groups in groups, data sets of any shape, as the HDF5 library itself writes them. */
import fc from "fast-check";
import type { Hdf5Content } from "../../../src/convert/hdf5/content.ts";
import { writeHdf5 } from "../../../src/convert/hdf5/write.ts";
import { sizeOf } from "../../../src/core/shape.ts";
import type { NdArray } from "../../../src/index.ts";

const name = fc.oneof(
  fc.constantFrom("vars", "0", "1", "layers", "cell", "kernel", "__proto__"),
  fc.stringMatching(/^[a-z]{1,40}$/),
);
const array: fc.Arbitrary<NdArray> = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
    fc.boolean(),
    fc.integer({ min: -1000, max: 1000 }),
  )
  .map(([shape, isWhole, first]) => {
    const numbers = Array.from({ length: sizeOf(shape) }, (_, at) => first + at);
    return { shape, data: isWhole ? Int32Array.from(numbers) : Float32Array.from(numbers) };
  });
const entry = fc.tuple(
  fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")),
  array,
);

/** No path leads through a data set, or is one of another's folders. */
function isTree(paths: readonly string[]): boolean {
  return paths.every((path) => paths.every((other) => path === other || !other.startsWith(`${path}/`)));
}

/** What a file holds. */
export const hdf5Contents: fc.Arbitrary<Hdf5Content> = fc
  .uniqueArray(entry, { minLength: 1, maxLength: 12, selector: ([path]) => path })
  .filter((entries) => isTree(entries.map(([path]) => path)))
  .map((entries) => ({ datasets: new Map(entries), groups: new Map() }));

/** Its bytes. */
export const hdf5Bytes = (content: Hdf5Content): Promise<Uint8Array> => writeHdf5(content);
