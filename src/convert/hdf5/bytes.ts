/** Bounds-checked access to an HDF5 file's bytes: addresses and lengths in the file are not trusted. */
import { FormatError } from "../../core/errors.ts";
import { checksum } from "./checksum.ts";

/** HDF5's "undefined address", for data that was never written. */
export const UNDEFINED_ADDRESS = 2n ** 64n - 1n;

/** A part of a file. Reads outside of it throw. */
export class Hdf5Bytes {
  /** The name of the file and part, for error messages. */
  readonly what: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: { left: number };

  constructor(bytes: Uint8Array, what: string, budget = { left: bytes.length }) {
    this.what = what;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = budget;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The error for a damaged file. */
  damaged(reason: string): FormatError {
    return new FormatError(`${this.what}: ${reason}; the file is damaged: get it again`);
  }

  /** The error for a valid HDF5 feature that Keras does not use. */
  refused(reason: string, advice = "save the weights with Keras"): FormatError {
    return new FormatError(`${this.what} ${reason}, which Sluice does not read; ${advice}`);
  }

  /** The same bytes with another name for error messages. */
  called(what: string): Hdf5Bytes {
    return new Hdf5Bytes(this.#bytes, what, this.#budget);
  }

  /** Returns a part of these bytes. */
  part(at: number, length: number): Hdf5Bytes {
    return new Hdf5Bytes(this.slice(at, length), this.what, this.#budget);
  }

  /**
   * Returns a part that only one structure of the file may use. All such parts together must not exceed the file's
   * size, which rejects cyclic addresses and overlapping structures. So time and memory are bounded by the file's size.
   */
  claim(at: number, length: number): Hdf5Bytes {
    const part = this.part(at, length);
    this.#budget.left -= length;
    if (this.#budget.left < 0) throw this.damaged("its parts overlap, or lead back to each other");
    return part;
  }

  slice(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return this.#bytes.subarray(at, at + length);
  }

  u8(at: number): number {
    this.#check(at, 1);
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at, true);
  }

  u64(at: number): bigint {
    this.#check(at, 8);
    return this.#view.getBigUint64(at, true);
  }

  /** Reads an 8-byte address or length. No file exceeds 2^53 bytes. */
  offset(at: number): number {
    const value = this.u64(at);
    if (value > Number.MAX_SAFE_INTEGER) throw this.damaged(`an address or a length is ${value}`);
    return Number(value);
  }

  /** Reads a little-endian number of up to 8 bytes. */
  little(at: number, size: number): number {
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) value = 256 * value + this.u8(at + byte);
    if (value > Number.MAX_SAFE_INTEGER) throw this.damaged(`an address or a length is ${value}`);
    return value;
  }

  /** @throws FormatError unless the part starts with this four-letter signature. */
  expect(signature: string): void {
    const found = String.fromCharCode(...this.slice(0, Math.min(this.length, signature.length)));
    if (found !== signature) throw this.damaged(`expected ${signature}, found ${JSON.stringify(found)}`);
  }

  /** Compares the last 4 bytes with the checksum of those before them. */
  checkSum(): void {
    const end = this.length - 4;
    const stored = this.u32(end);
    if (checksum(this.slice(0, end)) !== stored) throw this.damaged("a checksum does not match");
  }

  /** Like `checkSum`, for a checksum inside the part, which counts as zeros. */
  checkSumInside(at: number): void {
    const copy = Uint8Array.from(this.#bytes);
    copy.fill(0, at, at + 4);
    if (checksum(copy) !== this.u32(at)) throw this.damaged("a checksum does not match");
  }

  /** Reads text up to a zero byte, or to the end of the part if `isClosed` is false. */
  text(at: number, maxBytes: number, isClosed = true): string {
    const bytes = this.slice(at, Math.min(maxBytes + 1, this.length - at));
    const zero = bytes.indexOf(0);
    if (zero < 0 && (isClosed || bytes.length > maxBytes)) {
      throw this.damaged(`a name has no end within ${maxBytes} bytes`);
    }
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(zero < 0 ? bytes : bytes.subarray(0, zero));
    } catch {
      throw this.damaged("a name is not UTF-8");
    }
  }

  #check(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.length) return;
    throw this.damaged(`${length} bytes at ${at} exceed ${this.length} bytes; it is cut short, or an address is wrong`);
  }
}
