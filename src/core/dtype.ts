/** Element types. A `bool` is stored as an int32 that is 0 or 1, because WebGPU buffers cannot hold booleans. */
export type DType = "float32" | "int32" | "bool";

export const DTYPES = ["float32", "int32", "bool"] as const satisfies DType[];

/** Bytes of one element; every dtype takes four. */
export const BYTES_PER_ELEMENT = 4;

/** The WGSL type in which a dtype is stored in a buffer. */
export function storageType(dtype: DType): "f32" | "i32" {
  return dtype === "float32" ? "f32" : "i32";
}

/** Host data of a tensor: float32 in a Float32Array; int32 and bool in an Int32Array. */
export type HostData = Float32Array | Int32Array;

/** A typed array of numbers. */
export type TypedNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array;

/** Makes zeroed host storage for `size` elements of `dtype`. */
export function allocate(dtype: DType, size: number): HostData {
  return dtype === "float32" ? new Float32Array(size) : new Int32Array(size);
}
