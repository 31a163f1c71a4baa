/** HDF5 files in memory: numbers by path, and the `name` that Keras gives a group. */
import { FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, type Shape, sizeOf } from "../core/shape.ts";
import { type Hdf5Files, type Hdf5Node, type Hdf5Package, loadHdf5 } from "./packages.ts";

/** What is kept of a file. Paths have no leading slash. */
export interface Hdf5Content {
  /** float32 and int32 arrays; 64-bit integers are narrowed. */
  readonly datasets: Map<string, NdArray>;
  /** Every group and its attribute `name`, where it has one. */
  readonly groups: Map<string, string | undefined>;
}

/** The first bytes of every HDF5 file. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;
const MAX_RANK = 8;
/** The link kinds of HDF5 that stay within the file. */
const GROUP_OR_DATASET = new Set(["Group", "Dataset"]);

/**
 * Damaged files can leave the library's memory damaged, unseen: after some 3,000 of them whole files failed with a memory
 * access out of bounds.
 */
const MAX_DAMAGED = 1_000;

let files = 0;
let damaged = 0;

/**
 * Reads all groups and data sets. The library parses them inside WebAssembly: a damaged file cannot reach further.
 * @throws FormatError when the file is damaged, or holds links, dtypes or sizes that no weights file has.
 */
export async function readHdf5(bytes: Uint8Array, what: string): Promise<Hdf5Content> {
  if (SIGNATURE.some((byte, index) => bytes[index] !== byte)) {
    throw new FormatError(
      `${what}: expected an HDF5 file, which begins with \\x89HDF; it is cut short or of another kind`,
      { length: bytes.length },
    );
  }
  if (damaged >= MAX_DAMAGED) {
    throw new FormatError(
      `${what}: ${damaged} damaged HDF5 files were read before it, after which the HDF5 library is not to be trusted; start the program anew, or reload the page, and read it then`,
      { damaged },
    );
  }
  return inMemory(async (library, fileSystem, path) => {
    fileSystem.writeFile(path, bytes);
    const content: Hdf5Content = { datasets: new Map(), groups: new Map() };
    let file: (Hdf5Node & { close(): unknown }) | undefined;
    try {
      file = new library.File(path, "r");
      readGroup(file, "", content, bytes.length, what);
      return content;
    } catch (cause) {
      if (cause instanceof FormatError) throw cause;
      damaged++;
      throw new FormatError(
        `${what}: not a readable HDF5 file (${reasonOf(cause)}); it is damaged: get it again`,
        {},
        { cause },
      );
    } finally {
      quietly(() => file?.close());
    }
  });
}

function readGroup(group: Hdf5Node, path: string, content: Hdf5Content, fileBytes: number, what: string): void {
  if (path.split("/").length > MAX_DEPTH) throw new FormatError(`${what}: groups are nested deeper than ${MAX_DEPTH}`);
  for (const key of group.keys()) {
    const child = path === "" ? key : `${path}/${key}`;
    const where = `${what}: ${child.slice(0, 200)}`;
    if (content.groups.size + content.datasets.size >= MAX_NODES) {
      throw new FormatError(`${what}: more than ${MAX_NODES} groups and data sets`);
    }
    const node = group.get(key);
    if (node === null || !GROUP_OR_DATASET.has(node.type)) {
      throw new FormatError(`${where} is ${node?.type ?? "nothing"}; expected a group or a data set within the file`);
    }
    if (node.type === "Dataset") {
      content.datasets.set(child, readDataset(node, fileBytes, where));
    } else {
      const name = node.attrs.name?.value;
      content.groups.set(child, typeof name === "string" ? name : undefined);
      readGroup(node, child, content, fileBytes, what);
    }
  }
}

function readDataset(node: Hdf5Node, fileBytes: number, where: string): NdArray {
  const { metadata } = node;
  const shape = [...(metadata?.shape ?? [])].map(Number);
  if (metadata === undefined || shape.length > MAX_RANK || shape.some((size) => !Number.isSafeInteger(size))) {
    throw new FormatError(`${where}: shape is ${formatShape(shape)}; expected at most ${MAX_RANK} whole sizes`);
  }
  if (node.attrs.dtype !== undefined) {
    throw new FormatError(`${where} holds ${String(node.attrs.dtype.value)}; expected float32`, { shape });
  }
  // Keras compresses nothing: data that would take more than the file has is a lie.
  if (sizeOf(shape) * metadata.size > fileBytes) {
    throw new FormatError(
      `${where}: shape ${formatShape(shape)} takes ${sizeOf(shape) * metadata.size} bytes, but the file has ${fileBytes}; it is damaged, or compressed: save it without compression`,
      { shape },
    );
  }
  const value = node.value;
  const data = typeof value === "number" ? Float32Array.of(value) : typeof value === "bigint" ? [value] : value;
  if (data instanceof Float32Array && metadata.type === 1 && metadata.size === 4) return filled(shape, data, where);
  if (metadata.type === 0 && (data instanceof Int32Array || data instanceof BigInt64Array || Array.isArray(data))) {
    return filled(shape, Int32Array.from(data as ArrayLike<number | bigint>, Number), where);
  }
  if (metadata.type === 0 && typeof value === "number") return filled(shape, Int32Array.of(value), where);
  throw new FormatError(
    `${where} holds ${metadata.type === 1 ? `float${8 * metadata.size}` : `values of HDF5 type ${metadata.type}`}; expected float32`,
    { shape },
  );
}

function filled(shape: Shape, data: Float32Array | Int32Array, where: string): NdArray {
  if (data.length !== sizeOf(shape)) {
    throw new FormatError(`${where}: shape ${formatShape(shape)} has ${data.length} elements; the file is damaged`);
  }
  return { shape, data: data.slice() };
}

/** Writes groups and data sets as Keras lays them out: not chunked, not compressed. Groups must come before what is in them. */
export async function writeHdf5({ datasets, groups }: Hdf5Content): Promise<Uint8Array<ArrayBuffer>> {
  return inMemory(async (library, fileSystem, path) => {
    const file = new library.File(path, "w");
    const open = new Map<string, Hdf5Node>([["", file]]);
    const parentOf = (child: string): [Hdf5Node, string] => {
      const cut = child.lastIndexOf("/");
      return [groupAt(open, child.slice(0, Math.max(cut, 0))), child.slice(cut + 1)];
    };
    for (const [group, name] of groups) {
      const made = groupAt(open, group);
      if (name !== undefined) made.create_attribute("name", name);
    }
    for (const [dataset, { shape, data }] of datasets) {
      const [parent, name] = parentOf(dataset);
      parent.create_dataset({ name, data, shape, dtype: data instanceof Float32Array ? "<f" : "<i" });
    }
    file.close();
    return fileSystem.readFile(path).slice();
  });
}

function groupAt(open: Map<string, Hdf5Node>, path: string): Hdf5Node {
  const known = open.get(path);
  if (known !== undefined) return known;
  const cut = path.lastIndexOf("/");
  const made = groupAt(open, path.slice(0, Math.max(cut, 0))).create_group(path.slice(cut + 1));
  open.set(path, made);
  return made;
}

async function inMemory<T>(
  work: (library: Hdf5Package, fileSystem: Hdf5Files, path: string) => Promise<T>,
): Promise<T> {
  const library = await loadHdf5();
  const module = await library.ready;
  const { FS } = module;
  const path = `sluice-${files++}.h5`;
  module.activate_throwing_error_handler();
  try {
    return await work(library, FS, path);
  } finally {
    module.deactivate_throwing_error_handler();
    quietly(() => FS.unlink(path));
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // What failed before is what the caller learns of.
  }
}

/** The library's message is a stack of functions and reasons: the deepest reason says most. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const reason = [...message.matchAll(/ in \w+\(\): (.*)/g)].at(-1)?.[1];
  return (reason ?? message).slice(0, 200);
}
