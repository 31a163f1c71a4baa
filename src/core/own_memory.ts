/**
 * Memory that only one array uses: of a fixed size, and not shared with another thread. WebGPU and Web Crypto accept no
 * other memory, and a buffer that another thread writes, or that shrinks, could differ from what was checked.
 */
import type { HostData, TypedNumbers } from "./dtype.ts";
import { ValueError } from "./errors.ts";

/** Numbers in unshared memory of a fixed size. For arrays from outside, only `ownMemory` returns this type. */
export type OwnNumbers = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
type Own = OwnNumbers | Uint8Array<ArrayBuffer>;

/**
 * The view itself, or a copy where its memory is shared between threads (SharedArrayBuffer, WebAssembly's shared
 * memory) or can be resized.
 * @param length the expected number of elements, if known
 * @throws ValueError when the array's buffer is detached or has shrunk.
 */
export function ownMemory(view: Uint8Array, what: string): Uint8Array<ArrayBuffer>;
export function ownMemory(view: Float32Array, what: string, length?: number): Float32Array<ArrayBuffer>;
export function ownMemory(view: Int32Array, what: string, length?: number): Int32Array<ArrayBuffer>;
export function ownMemory(view: HostData, what: string, length?: number): OwnNumbers;
export function ownMemory(view: HostData | Uint8Array, what: string, length?: number): Own;
export function ownMemory(view: Uint8Array | HostData, what: string, length?: number): Own {
  expectMemory(view, what);
  const own = isOwn(view) ? view : copyOf(view);
  if (length !== undefined && own.length !== length) {
    throw new ValueError(`${what}: the array has ${own.length} elements; expected ${length}`, {
      length: own.length,
      expected: length,
    });
  }
  return own;
}

function isOwn(view: Uint8Array | HostData): view is Own {
  const { buffer } = view;
  return buffer instanceof ArrayBuffer && !("resizable" in buffer && buffer.resizable === true);
}

function copyOf(view: Uint8Array | HostData): Own {
  if (view instanceof Float32Array) return new Float32Array(view);
  return view instanceof Int32Array ? new Int32Array(view) : new Uint8Array(view);
}

/** @throws ValueError when the array's buffer is detached; JavaScript then reports that the array has no elements. */
export function expectMemory(view: TypedNumbers, what: string): void {
  if (view.length > 0) return;
  try {
    // Throws in every engine for such an array, and for no other.
    view.indexOf(0);
  } catch (cause) {
    throw new ValueError(
      `${what}: the array's memory is gone: its ArrayBuffer was transferred (postMessage, structuredClone), shrank, ` +
        "or belongs to a WebAssembly memory that grew. Keep the array until the call has ended, or give a copy: " +
        "array.slice()",
      {},
      { cause },
    );
  }
}
