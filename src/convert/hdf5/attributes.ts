/** Reads text attributes of HDF5 objects. Source: HDF5 File Format Specification 3.0, III.E and IV.A.2.m. */
import { type Hdf5Bytes, UNDEFINED_ADDRESS } from "./bytes.ts";
import { MESSAGE, type Message } from "./object_header.ts";
import { readShape, readType } from "./types.ts";

/** The maximum length of a text attribute; Keras's are names. */
const MAX_TEXT_BYTES = 255;
const MAX_NAME_BYTES = 2 ** 16;

/** Global heaps by address, each read once. */
export type Heaps = Map<number, Map<number, Hdf5Bytes>>;

/** Reads the attributes with these names, which contain one string each; others are ignored. */
export function readAttributes(
  file: Hdf5Bytes,
  messages: readonly Message[],
  wanted: readonly string[],
  heaps: Heaps,
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { type, body } of messages) {
    if (type === MESSAGE.attributeInfo) {
      const heapAt = body.u8(1) & 1 ? 4 : 2;
      if (body.u64(heapAt) !== UNDEFINED_ADDRESS) throw file.refused("keeps an object's attributes in a heap");
    }
    if (type !== MESSAGE.attribute) continue;
    const { name, datatype, dataspace, data } = readParts(body);
    if (!wanted.includes(name)) continue;
    const of = readType(datatype);
    if (of.kind !== "text" || readShape(dataspace).length > 0) continue;
    if (texts.has(name)) throw file.damaged(`two attributes are called ${JSON.stringify(name)}`);
    texts.set(name, (of.isShared ? shared(file, data, heaps) : data.part(0, of.size)).text(0, MAX_TEXT_BYTES, false));
  }
  return texts;
}

function readParts(body: Hdf5Bytes) {
  const version = body.u8(0);
  if (version < 1 || version > 3) throw body.damaged(`an attribute is of version ${version}`);
  if (version > 1 && body.u8(1) !== 0) throw body.refused("has an attribute whose type is shared");
  // In version 1, each part is padded to a multiple of 8 bytes.
  const padded = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const sizes = [body.u16(2), body.u16(4), body.u16(6)] as const;
  let at = version === 3 ? 9 : 8;
  const [name, datatype, dataspace] = sizes.map((size) => {
    const part = body.part(at, size);
    at += padded(size);
    return part;
  }) as [Hdf5Bytes, Hdf5Bytes, Hdf5Bytes];
  return { name: name.text(0, MAX_NAME_BYTES), datatype, dataspace, data: body.part(at, body.length - at) };
}

/** Reads text from a global heap, given its length, the heap's address and the object's number. */
function shared(file: Hdf5Bytes, data: Hdf5Bytes, heaps: Heaps): Hdf5Bytes {
  const [length, number] = [data.u32(0), data.u32(12)];
  // An empty string is not stored in the heap.
  if (length === 0) return data.part(0, 0);
  const address = data.offset(4);
  const heap = heaps.get(address) ?? readHeap(file, address);
  heaps.set(address, heap);
  const object = heap.get(number);
  if (object === undefined) throw file.damaged(`a heap has no object ${number}`);
  return object.part(0, length);
}

function readHeap(file: Hdf5Bytes, address: number): Map<number, Hdf5Bytes> {
  const head = file.part(address, 16);
  head.expect("GCOL");
  const heap = file.claim(address, head.offset(8));
  const objects = new Map<number, Hdf5Bytes>();
  for (let at = 16; at + 16 <= heap.length; ) {
    const number = heap.u16(at);
    // Object 0 is the free space.
    if (number === 0) break;
    const size = heap.offset(at + 8);
    objects.set(number, heap.part(at + 16, size));
    at += 16 + Math.ceil(size / 8) * 8;
  }
  return objects;
}
