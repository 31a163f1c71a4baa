/**
 * One 512-byte header of a tar archive: ustar, the older form, and GNU's.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".
 */
import { FormatError } from "../core/errors.ts";

/** Size of a header and of the blocks that entries are padded to. */
export const TAR_BLOCK = 512;

/** The fields of a header. */
export interface TarHeader {
  readonly path: string;
  /** Bytes of content that follow, before padding. */
  readonly size: number;
  /** One character: `0` regular file, `5` directory, `x` pax, `L` GNU long name, … */
  readonly type: string;
}

/** True for a block of zeros, two of which end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header, its checksum verified.
 * @throws FormatError with the archive and the offset if it is not a tar header.
 *
 * @example
 * const { path, size, type } = parseTarHeader(block, "archive.tar", 0);
 */
export function parseTarHeader(block: Uint8Array, archive: string, offset: number): TarHeader {
  verifyChecksum(block, archive, offset);
  const text = (start: number, length: number): string => decodeField(block.subarray(start, start + length));
  const flag = block[156] as number;
  const name = text(0, 100);
  const isPosix = text(257, 6) === "ustar" && block[262] === 0;
  const prefix = isPosix ? text(345, 155) : "";
  const path = prefix === "" ? name : `${prefix}/${name}`;
  // Before POSIX a directory was a regular file with a slash at the end of its name.
  const type = flag === 0 ? (path.endsWith("/") ? "5" : "0") : String.fromCharCode(flag);
  return { path, size: parseSize(block.subarray(124, 136), archive, offset), type };
}

/** Decodes the bytes up to the first NUL as UTF-8. Invalid UTF-8 is not an error: such a path is never requested. */
export function decodeField(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function verifyChecksum(block: Uint8Array, archive: string, offset: number): void {
  const stored = parseOctal(block.subarray(148, 156));
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < TAR_BLOCK; index++) {
    const byte = index >= 148 && index < 156 ? 32 : (block[index] as number);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  // Some old writers summed signed bytes; readers accept both.
  if (stored === unsigned || stored === signed) return;
  throw new FormatError(
    `${archive}: expected a tar header at byte ${offset}, but its checksum is ${stored ?? "not a number"} where ` +
      `${unsigned} is right; the file is damaged or not a tar archive: get it again`,
    { offset, stored, computed: unsigned },
  );
}

function parseSize(field: Uint8Array, archive: string, offset: number): number {
  let size: number | undefined;
  if ((field[0] as number) === 0x80) {
    // GNU's base-256 form, for sizes beyond eleven octal digits.
    size = field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
  } else {
    size = parseOctal(field);
  }
  if (size !== undefined && Number.isSafeInteger(size)) return size;
  throw new FormatError(
    `${archive}: the tar header at byte ${offset} has no readable size; the file is damaged: get it again`,
    {
      offset,
    },
  );
}

function parseOctal(field: Uint8Array): number | undefined {
  const digits = decodeField(field).trim();
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}
