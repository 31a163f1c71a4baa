/**
 * Reads an HDF5 object's header: a list of messages that describe the object. Source: HDF5 File Format Specification
 * 3.0, IV.A.
 */
import type { Hdf5Bytes } from "./bytes.ts";

/** The types of the messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

export interface Message {
  readonly type: number;
  readonly body: Hdf5Bytes;
}

const KNOWN = new Set<number>(Object.values(MESSAGE));
/** The flag of a shared message, whose body is stored elsewhere in the file. */
const SHARED = 0x02;

/** Reads the messages of the object at an address. */
export function readMessages(file: Hdf5Bytes, address: number): Message[] {
  return file.u8(address) === 1 ? readFirstVersion(file, address) : readSecondVersion(file, address);
}

/** Reads the messages of a header's blocks. Messages may refer to further blocks. */
function readBlocks(
  first: Hdf5Bytes,
  readMessage: (
    block: Hdf5Bytes,
    at: number,
  ) => { type: number; flags: number; size: number; start: number } | undefined,
  blockAt: (address: number, length: number) => Hdf5Bytes,
): { messages: Message[]; count: number } {
  const messages: Message[] = [];
  const blocks = [first];
  let count = 0;
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
    let at = 0;
    for (let next = readMessage(block, at); next !== undefined; next = readMessage(block, at)) {
      const body = block.part(next.start, next.size);
      at = next.start + next.size;
      count++;
      if (!KNOWN.has(next.type)) continue;
      if ((next.flags & SHARED) !== 0) throw block.refused("shares a message of one object with others");
      if (next.type === MESSAGE.continuation) blocks.push(blockAt(body.offset(0), body.offset(8)));
      else messages.push({ type: next.type, body });
    }
  }
  return { messages, count };
}

function readFirstVersion(file: Hdf5Bytes, address: number): Message[] {
  const prefix = file.claim(address, 16);
  const expected = prefix.u16(2);
  const { messages, count } = readBlocks(
    file.claim(address + 16, prefix.u32(8)),
    (block, at) =>
      at === block.length
        ? undefined
        : { type: block.u16(at), size: block.u16(at + 2), flags: block.u8(at + 4), start: at + 8 },
    (at, length) => file.claim(at, length),
  );
  if (count !== expected) throw file.damaged(`an object has ${count} messages, not ${expected}`);
  return messages;
}

function readSecondVersion(file: Hdf5Bytes, address: number): Message[] {
  const head = file.part(address, 6);
  head.expect("OHDR");
  if (head.u8(4) !== 2) throw file.damaged(`an object's header is of version ${head.u8(4)}`);
  const flags = head.u8(5);
  const sizeBytes = 1 << (flags & 3);
  const sizeAt = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const start = sizeAt + sizeBytes;
  const size = file.part(address, start).little(sizeAt, sizeBytes);
  const header = file.claim(address, start + size + 4);
  header.checkSum();
  const prefix = flags & 0x04 ? 6 : 4;
  return readBlocks(
    header.part(start, size),
    // A rest that is too short for a message is a gap.
    (block, at) =>
      block.length - at < prefix
        ? undefined
        : { type: block.u8(at), size: block.u16(at + 1), flags: block.u8(at + 3), start: at + prefix },
    (at, length) => {
      const block = file.claim(at, length);
      block.expect("OCHK");
      block.checkSum();
      return block.part(4, length - 8);
    },
  ).messages;
}
