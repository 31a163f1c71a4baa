/** Writes HDF5 files in Keras's layout: not chunked, not compressed. */
import { type Hdf5Node, loadHdf5 } from "../packages.ts";
import type { Hdf5Content } from "./content.ts";

let files = 0;

/** Groups must precede their members. @throws SluiceError if the package `h5wasm` is missing. */
export async function writeHdf5({ datasets, groups }: Hdf5Content): Promise<Uint8Array<ArrayBuffer>> {
  const library = await loadHdf5();
  const { FS } = await library.ready;
  const path = `sluice-${files++}.h5`;
  try {
    const file = new library.File(path, "w");
    const open = new Map<string, Hdf5Node>([["", file]]);
    for (const [group, name] of groups) {
      const made = groupAt(open, group);
      if (name !== undefined) made.create_attribute("name", name);
    }
    for (const [dataset, { shape, data }] of datasets) {
      const cut = dataset.lastIndexOf("/");
      const dtype = data instanceof Float32Array ? "<f" : "<i";
      groupAt(open, dataset.slice(0, Math.max(cut, 0))).create_dataset({
        name: dataset.slice(cut + 1),
        data,
        shape,
        dtype,
      });
    }
    file.close();
    return FS.readFile(path).slice();
  } finally {
    if (FS.analyzePath(path).exists) FS.unlink(path);
  }
}

function groupAt(open: Map<string, Hdf5Node>, path: string): Hdf5Node {
  const known = open.get(path);
  if (known !== undefined) return known;
  const cut = path.lastIndexOf("/");
  const made = groupAt(open, path.slice(0, Math.max(cut, 0))).create_group(path.slice(cut + 1));
  open.set(path, made);
  return made;
}
