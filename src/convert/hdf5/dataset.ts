/** Reads the numbers of an HDF5 data set. Source: HDF5 File Format Specification 3.0, IV.A.2.i. */
import type { NdArray } from "../../core/nd_array.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { type Hdf5Bytes, UNDEFINED_ADDRESS } from "./bytes.ts";
import { MESSAGE, type Message } from "./object_header.ts";
import { readShape, readType } from "./types.ts";

const COMPACT = 0;
const CONTIGUOUS = 1;

/** Whether the messages describe a data set. */
export const isDataset = (messages: readonly Message[]): boolean =>
  messages.some(({ type }) => type === MESSAGE.layout);

/** Reads a contiguous data set of float32 or integers. */
export function readDataset(
  file: Hdf5Bytes,
  messages: readonly Message[],
  attributes: ReadonlyMap<string, string>,
): NdArray {
  const only = (type: number, what: string): Hdf5Bytes => {
    const found = messages.filter((message) => message.type === type);
    if (found.length !== 1) throw file.damaged(`it has ${found.length} ${what}`);
    return (found[0] as Message).body;
  };
  if (messages.some(({ type }) => type === MESSAGE.externalFiles)) throw file.refused("keeps its data in another file");
  const shape = readShape(only(MESSAGE.dataspace, "shapes"));
  const type = readType(only(MESSAGE.datatype, "types"));
  const dtype =
    attributes.get("dtype") ?? (type.kind === "text" ? "text" : type.kind === "other" ? type.name : undefined);
  if (dtype !== undefined || type.kind === "text" || type.kind === "other") {
    throw file.refused(`holds ${dtype}`, "expected float32");
  }
  // Copied to a new buffer; `slice` of a Node.js Buffer would share its memory.
  const { buffer } = new Uint8Array(dataOf(file, only(MESSAGE.layout, "layouts"), sizeOf(shape) * type.size, shape));
  if (type.kind === "float32") return { shape, data: new Float32Array(buffer) };
  if (type.kind === "int32") return { shape, data: new Int32Array(buffer) };
  return { shape, data: Int32Array.from(new BigInt64Array(buffer), Number) };
}

/** Locates the data: in the message itself, or contiguous elsewhere in the file. */
function dataOf(file: Hdf5Bytes, layout: Hdf5Bytes, length: number, shape: readonly number[]): Uint8Array {
  const [version, kind] = [layout.u8(0), layout.u8(1)];
  if (version !== 3 && version !== 4) throw file.refused(`has a layout of version ${version}`);
  if (kind !== COMPACT && kind !== CONTIGUOUS) {
    const how = kind === 2 ? "stores its data in chunks" : "takes its data from elsewhere";
    throw file.refused(how, "save it in one piece, without compression, as Keras does");
  }
  const stored = kind === COMPACT ? layout.u16(2) : layout.offset(10);
  if (kind === CONTIGUOUS && layout.u64(2) === UNDEFINED_ADDRESS && length === 0) return new Uint8Array();
  if (stored !== length) {
    throw file.damaged(`shape ${formatShape(shape)} takes ${length} bytes, but ${stored} are stored`);
  }
  return kind === COMPACT ? layout.slice(4, length) : file.claim(layout.offset(2), length).slice(0, length);
}
