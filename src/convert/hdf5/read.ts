/**
 * Reads HDF5 files written by Keras. Only this subset of the format is supported: groups, text attributes, contiguous
 * data sets of float32 and integers; everything else is rejected with an error that names it. The reader is safe for
 * untrusted files: no address may leave the file and no byte is used twice, so time and memory are bounded by the
 * file's size. Source: HDF5 File Format Specification 3.0,
 * https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
 */
import { FormatError } from "../../core/errors.ts";
import { type Heaps, readAttributes } from "./attributes.ts";
import { Hdf5Bytes } from "./bytes.ts";
import type { Hdf5Content } from "./content.ts";
import { isDataset, readDataset } from "./dataset.ts";
import { readLinks } from "./links.ts";
import { readMessages } from "./object_header.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Limits on files; a file that exceeds one is rejected. */
export interface Hdf5Limits {
  /** The maximum number of groups and data sets. Default: 100,000. */
  readonly maxNodes?: number;
  /** The maximum nesting depth of groups. Default: 64. */
  readonly maxDepth?: number;
}

/** The attributes that Keras writes: a group's name, and the dtype of data stored as another type. */
const ATTRIBUTES = ["name", "dtype"];

/** The maximum path length, so that 100,000 paths do not exhaust memory. */
const MAX_PATH = 1_000;

/**
 * Reads all groups and data sets.
 * @throws FormatError if the file is damaged, or contains links, types or layouts that Keras does not write.
 */
export function readHdf5(
  bytes: Uint8Array,
  what: string,
  { maxNodes = 100_000, maxDepth = 64 }: Hdf5Limits = {},
): Hdf5Content {
  if (SIGNATURE.some((byte, index) => bytes[index] !== byte)) {
    throw new FormatError(
      `${what}: expected an HDF5 file, which begins with \\x89HDF; it is cut short or of another kind`,
      { length: bytes.length },
    );
  }
  const file = new Hdf5Bytes(bytes, what);
  const content: Hdf5Content = { datasets: new Map(), groups: new Map() };
  const heaps: Heaps = new Map();
  const readObject = (address: number, path: string, depth: number): void => {
    const at = path === "" ? file : file.called(`${what}: ${path.slice(0, 200)}`);
    const messages = readMessages(at, address);
    const attributes = readAttributes(at, messages, ATTRIBUTES, heaps);
    if (path !== "" && isDataset(messages)) {
      content.datasets.set(path, readDataset(at, messages, attributes));
      return;
    }
    const links = readLinks(at, messages);
    if (links === undefined) throw at.damaged("expected a group or a data set");
    if (path !== "") content.groups.set(path, attributes.get("name"));
    if (depth > maxDepth) throw new FormatError(`${what}: groups are nested deeper than ${maxDepth}`);
    for (const [name, child] of links) {
      const childPath = path === "" ? name : `${path}/${name}`;
      if (childPath.length > MAX_PATH) throw at.damaged(`a path is longer than ${MAX_PATH} letters`);
      if (content.groups.size + content.datasets.size >= maxNodes) {
        throw new FormatError(`${what}: more than ${maxNodes} groups and data sets`);
      }
      readObject(child, childPath, depth + 1);
    }
  };
  readObject(rootOf(file), "", 0);
  return content;
}

/** The address of the root group, from the superblock. Source: HDF5 File Format Specification 3.0, II.A. */
function rootOf(file: Hdf5Bytes): number {
  const version = file.u8(8);
  if (version > 3) throw file.refused(`has a superblock of version ${version}`);
  const isOld = version < 2;
  const [sizesAt, baseAt] = isOld ? [13, version === 0 ? 24 : 28] : [9, 12];
  if (file.u8(sizesAt) !== 8 || file.u8(sizesAt + 1) !== 8) throw file.refused("has addresses of other than 8 bytes");
  const block = file.claim(0, isOld ? baseAt + 72 : 48);
  if (!isOld) block.checkSum();
  const end = block.offset(baseAt + 16);
  if (end > file.length) throw file.damaged(`it should have ${end} bytes, but has ${file.length}`);
  if (block.offset(baseAt) !== 0) throw file.refused("starts with a user block");
  return block.offset(isOld ? baseAt + 40 : 36);
}
