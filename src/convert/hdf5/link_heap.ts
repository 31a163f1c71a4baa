/**
 * Reads the links of a large HDF5 group, which are stored in a fractal heap and indexed by a B-tree of name hashes.
 * Source: HDF5 File Format Specification 3.0, III.A.2 (version 2 B-trees) and III.G (fractal heap).
 */
import { type Hdf5Bytes, UNDEFINED_ADDRESS } from "./bytes.ts";

const BY_NAME = 5;
const NODE_OVERHEAD = 10;

/** The number of bytes needed for numbers up to this one. */
const bytesFor = (limit: number): number => Math.floor(Math.log2(limit) / 8) + 1;

/** The link messages of a group, in the order of the tree. */
export function readLinkHeap(file: Hdf5Bytes, heapAddress: number, treeAddress: number): Hdf5Bytes[] {
  const find = readHeap(file, heapAddress);
  // A record: the hash of a name, then the location of its link.
  return readTree(file, treeAddress).map((record) => find(record.part(4, record.length - 4)));
}

/** Reads all records of a tree. */
function readTree(file: Hdf5Bytes, address: number): Hdf5Bytes[] {
  const head = file.claim(address, 38);
  head.expect("BTHD");
  head.checkSum();
  const [kind, nodeBytes, recordBytes, depth] = [head.u8(5), head.u32(6), head.u16(10), head.u16(12)];
  const inLeaf = Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes);
  if (kind !== BY_NAME || recordBytes < 5 || inLeaf < 1) throw file.damaged("a group's tree is of another kind");
  // Internal nodes store their children's record counts in as many bytes as the largest possible count needs.
  const countBytes = bytesFor(inLeaf);
  const totalBytes = [0];
  for (let [level, below] = [1, inLeaf]; level < depth; level++) {
    const pointer = 8 + countBytes + (totalBytes[level - 1] as number);
    const here = Math.floor((nodeBytes - NODE_OVERHEAD - pointer) / (recordBytes + pointer));
    below = (here + 1) * below + here;
    if (here < 1 || !Number.isSafeInteger(below)) throw file.damaged("a group's tree is too deep");
    totalBytes.push(bytesFor(below));
  }
  const records: Hdf5Bytes[] = [];
  const readNode = (at: number, count: number, level: number): void => {
    const pointer = level === 0 ? 0 : 8 + countBytes + (totalBytes[level - 1] as number);
    const pointersAt = 6 + count * recordBytes;
    const node = file.claim(at, pointersAt + (level === 0 ? 0 : (count + 1) * pointer) + 4);
    node.expect(level === 0 ? "BTLF" : "BTIN");
    node.checkSum();
    for (let index = 0; index < count; index++) records.push(node.part(6 + index * recordBytes, recordBytes));
    for (let child = 0; level > 0 && child <= count; child++) {
      const place = pointersAt + child * pointer;
      readNode(node.offset(place), node.little(place + 8, countBytes), level - 1);
    }
  };
  const count = head.u16(24);
  if (count > 0) readNode(head.offset(16), count, depth);
  if (records.length !== head.offset(26)) throw file.damaged("a group's tree lacks records");
  return records;
}

/** A block of a heap: its bytes, and their offset in the heap. */
interface Block {
  readonly start: number;
  readonly bytes: Hdf5Bytes;
}

/** Reads a heap's blocks; returns a function that maps an object's identifier to the object. */
function readHeap(file: Hdf5Bytes, address: number): (identifier: Hdf5Bytes) => Hdf5Bytes {
  const head = file.claim(address, 146);
  head.expect("FRHP");
  if (head.u16(7) !== 0) throw file.refused("compresses a group's links");
  head.checkSum();
  const [width, smallest, largest] = [head.u16(110), head.offset(112), head.offset(120)];
  const offsetBytes = Math.ceil(head.u16(128) / 8);
  const lengthBytes = Math.min(Math.ceil(Math.log2(largest) / 8), bytesFor(head.u32(10)));
  const isPower = (size: number) => size > 0 && Number.isInteger(Math.log2(size));
  if (!isPower(width) || !isPower(smallest) || !isPower(largest) || offsetBytes > 8) {
    throw file.damaged("the sizes of a heap's blocks are wrong");
  }
  const hasSums = (head.u8(9) & 2) !== 0;
  const blocks: Block[] = [];

  const readDirect = (at: number, start: number, size: number): void => {
    const bytes = file.claim(at, size);
    bytes.expect("FHDB");
    if (hasSums) bytes.checkSumInside(13 + offsetBytes);
    if (bytes.offset(5) !== address || bytes.little(13, offsetBytes) !== start)
      throw file.damaged("a heap's block is elsewhere");
    blocks.push({ start, bytes });
  };
  /** Rows of `width` blocks each; from the third row on, blocks are twice as large as in the previous row. */
  const readIndirect = (at: number, heapStart: number, rows: number): void => {
    const prefix = 13 + offsetBytes;
    const block = file.claim(at, prefix + 8 * rows * width + 4);
    block.expect("FHIB");
    block.checkSum();
    let start = heapStart;
    for (let child = 0; child < rows * width; child++) {
      const size = smallest * 2 ** Math.max(0, Math.floor(child / width) - 1);
      const isThere = block.u64(prefix + 8 * child) !== UNDEFINED_ADDRESS;
      if (isThere && size <= largest) readDirect(block.offset(prefix + 8 * child), start, size);
      else if (isThere) readIndirect(block.offset(prefix + 8 * child), start, Math.log2(size / smallest / width) + 1);
      start += size;
    }
  };
  const rows = head.u16(140);
  if (head.u64(132) !== UNDEFINED_ADDRESS) {
    if (rows === 0) readDirect(head.offset(132), 0, smallest);
    else readIndirect(head.offset(132), 0, rows);
  }

  return (identifier) => {
    if ((identifier.u8(0) & 0xf0) !== 0) throw file.refused("keeps a link of a group outside of its heap");
    const at = identifier.little(1, offsetBytes);
    const block = blockAt(blocks, at);
    if (block === undefined) throw file.damaged(`a heap has nothing at ${at}`);
    return block.bytes.part(at - block.start, identifier.little(1 + offsetBytes, lengthBytes));
  };
}

/** Binary search for the last block that starts at or before an offset. */
function blockAt(blocks: readonly Block[], at: number): Block | undefined {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle] as Block).start <= at) low = middle + 1;
    else high = middle;
  }
  return blocks[low - 1];
}
