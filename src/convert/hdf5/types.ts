/** Shapes and datatypes of HDF5. Source: HDF5 File Format Specification 3.0, IV.A.2.b and IV.A.2.d. */
import { formatShape } from "../../core/shape.ts";
import type { Hdf5Bytes } from "./bytes.ts";

const MAX_RANK = 8;

/** The shape of a data set or an attribute; [] for a scalar. */
export function readShape(body: Hdf5Bytes): number[] {
  const version = body.u8(0);
  if (version !== 1 && version !== 2) throw body.damaged(`a shape is of version ${version}`);
  const rank = body.u8(1);
  const isNull = version === 2 && body.u8(3) === 2;
  if (isNull) throw body.refused("has a data set without a shape");
  if (rank > MAX_RANK) throw body.refused(`has a shape of ${rank} sizes, more than ${MAX_RANK}`);
  const start = version === 1 ? 8 : 4;
  const shape = Array.from({ length: rank }, (_, axis) => body.offset(start + 8 * axis));
  if (!Number.isSafeInteger(shape.reduce((product, size) => product * size, 1))) {
    throw body.damaged(`a shape is ${formatShape(shape)}`);
  }
  return shape;
}

export type Hdf5Type =
  | { readonly kind: "float32"; readonly size: 4 }
  | { readonly kind: "int32"; readonly size: 4 }
  | { readonly kind: "int64"; readonly size: 8 }
  /** `isShared`: the text is in a global heap; otherwise in `size` bytes here. */
  | { readonly kind: "text"; readonly size: number; readonly isShared: boolean }
  /** `name` describes the type in error messages. */
  | { readonly kind: "other"; readonly size: number; readonly name: string };

const CLASSES = ["integers", "floats", "times", "text", "bit fields", "opaque bytes", "records", "references", "enums"];
/** Little-endian 32-bit IEEE 754: class bits and properties. */
const FLOAT32 = [0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];

export function readType(body: Hdf5Bytes): Hdf5Type {
  const kind = body.u8(0) & 15;
  const size = body.u32(4);
  if (kind === 1 && body.length >= 20 && FLOAT32.every((byte, index) => body.u8(index + 1) === byte)) {
    return { kind: "float32", size: 4 };
  }
  // Signed and little-endian, without padding.
  const isWhole = kind === 0 && (body.u8(1) & 15) === 8 && body.u16(8) === 0 && body.u16(10) === 8 * size;
  if (isWhole && size === 4) return { kind: "int32", size };
  if (isWhole && size === 8) return { kind: "int64", size };
  if (kind === 3) return { kind: "text", size, isShared: false };
  if (kind === 9 && (body.u8(1) & 15) === 1) return { kind: "text", size, isShared: true };
  const name = CLASSES[kind] ?? `values of class ${kind}`;
  if (kind > 1) return { kind: "other", size, name };
  const flags = body.u8(1);
  const how = `${flags & 1 ? "big-endian " : ""}${kind === 0 && (flags & 8) === 0 ? "unsigned " : ""}`;
  return { kind: "other", size, name: `${how}${name} of ${8 * size} bits` };
}
