/**
 * Reads the members of an HDF5 group. External and soft links are rejected. Source: HDF5 File Format Specification 3.0,
 * III and IV.A.2.
 */
import { type Hdf5Bytes, UNDEFINED_ADDRESS } from "./bytes.ts";
import { readLinkHeap } from "./link_heap.ts";
import { MESSAGE, type Message } from "./object_header.ts";

/** The maximum length of the name of a group or data set. */
const MAX_NAME_BYTES = 255;
const ENTRY_BYTES = 40;
const SOFT_LINK = 2;
const HARD_LINK = 0;

/** The addresses of a group's members by name; undefined if the messages do not describe a group. */
export function readLinks(file: Hdf5Bytes, messages: readonly Message[]): Map<string, number> | undefined {
  let links: Map<string, number> | undefined;
  const add = (name: string, address: number): void => {
    if (name === "" || name === "." || name.includes("/")) throw file.damaged(`a name is ${JSON.stringify(name)}`);
    links ??= new Map();
    if (links.has(name)) throw file.damaged(`two objects are called ${JSON.stringify(name)}`);
    links.set(name, address);
  };
  for (const { type, body } of messages) {
    if (type === MESSAGE.symbolTable) {
      links ??= new Map();
      readNode(file, body.offset(0), Number.POSITIVE_INFINITY, readHeap(file, body.offset(8)), add);
    } else if (type === MESSAGE.linkInfo) {
      links ??= new Map();
      const heapAt = body.u8(1) & 1 ? 10 : 2;
      if (body.u64(heapAt) === UNDEFINED_ADDRESS) continue;
      for (const link of readLinkHeap(file, body.offset(heapAt), body.offset(heapAt + 8))) readLink(link, add);
    } else if (type === MESSAGE.link) {
      readLink(body, add);
    }
  }
  return links;
}

/** Reads a local heap, which holds the names of a group in the old format. */
function readHeap(file: Hdf5Bytes, address: number): Hdf5Bytes {
  const head = file.claim(address, 32);
  head.expect("HEAP");
  return file.claim(head.offset(24), head.offset(8));
}

/** Reads a version 1 B-tree node of a group's names. Each level must be one lower, so recursion ends. */
function readNode(
  file: Hdf5Bytes,
  address: number,
  below: number,
  names: Hdf5Bytes,
  add: (name: string, address: number) => void,
): void {
  const head = file.claim(address, 24);
  head.expect("TREE");
  const [kind, level, entries] = [head.u8(4), head.u8(5), head.u16(6)];
  if (kind !== 0 || level >= below) throw file.damaged(`a group's tree has a node of kind ${kind} at level ${level}`);
  const body = file.claim(address + 24, 16 * entries + 8);
  for (let entry = 0; entry < entries; entry++) {
    const child = body.offset(16 * entry + 8);
    if (level > 0) readNode(file, child, level, names, add);
    else readSymbols(file, child, names, add);
  }
}

function readSymbols(
  file: Hdf5Bytes,
  address: number,
  names: Hdf5Bytes,
  add: (name: string, address: number) => void,
): void {
  const head = file.claim(address, 8);
  head.expect("SNOD");
  const count = head.u16(6);
  const entries = file.claim(address + 8, count * ENTRY_BYTES);
  for (let at = 0; at < count * ENTRY_BYTES; at += ENTRY_BYTES) {
    const name = names.text(entries.offset(at), MAX_NAME_BYTES);
    if (entries.u32(at + 16) === SOFT_LINK) throw file.refused(`has a soft link, ${JSON.stringify(name)}`);
    add(name, entries.offset(at + 8));
  }
}

/** Reads a link in the new format. */
function readLink(body: Hdf5Bytes, add: (name: string, address: number) => void): void {
  const flags = body.u8(1);
  let at = 2;
  const kind = flags & 0x08 ? body.u8(at++) : HARD_LINK;
  if (flags & 0x04) at += 8;
  if (flags & 0x10) at += 1;
  const sizeBytes = 1 << (flags & 3);
  const size = body.little(at, sizeBytes);
  at += sizeBytes;
  const name = body.part(at, size).text(0, MAX_NAME_BYTES, false);
  if (kind !== HARD_LINK) throw body.refused(`has a soft or an external link, ${JSON.stringify(name)}`);
  add(name, body.offset(at + size));
}
