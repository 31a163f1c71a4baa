/** Copies a box of a tensor to a box of another, by strides: transpose, slice, concat, pad and reverse are this one kernel. */
import { ShapeError } from "../core/errors.ts";
import { type KernelCall, type Operand, type Param, foldGrid, i32, readBuffer, u32, writeBuffer } from "../core/kernel_call.ts";
import { formatShape, sizeOf } from "../core/shape.ts";
import source from "../../shaders/copy.wgsl?raw" with { type: "text" };

/** The highest rank that the kernel takes. */
export const MAX_RANK = 6;
const WORKGROUP = 64;

/** One box to copy: element `coordinate` of `shape` goes from `Σ (coordinate − before) · inStrides` to `Σ coordinate · outStrides`. */
export interface CopyPart {
  /** Index into the call's inputs. */
  readonly input: number;
  readonly shape: readonly number[];
  readonly inStrides: readonly number[];
  readonly inOffset: number;
  readonly outStrides: readonly number[];
  readonly outOffset: number;
  /** Where the input begins and how far it reaches along each axis; outside it zeros are written. */
  readonly before?: readonly number[];
  readonly inside?: readonly number[];
}

/** One dispatch per part; together the parts must cover the output. Any dtype: bits are copied. */
export function copyCall(inputs: readonly Operand[], output: Operand, parts: readonly CopyPart[]): KernelCall {
  return {
    kernel: "copy",
    reads: inputs,
    writes: [output],
    plan: (adapter) => ({
      scratch: [],
      dispatches: parts
        .filter((part) => sizeOf(part.shape) > 0)
        .map((part) => ({
          label: "copy",
          source,
          entryPoint: "main",
          params: paramsOf(part),
          buffers: [readBuffer(part.input), writeBuffer(0)],
          workgroups: foldGrid(Math.ceil(sizeOf(part.shape) / WORKGROUP), adapter),
        })),
    }),
  };
}

function paramsOf(part: CopyPart): Param[] {
  const { shape } = part;
  if (shape.length > MAX_RANK) {
    throw new ShapeError(`copy: ${formatShape(shape)} has rank ${shape.length}; at most ${MAX_RANK} are supported. Reshape first.`, { shape });
  }
  const lead = MAX_RANK - shape.length;
  const padded = (values: readonly number[], fill: number) => [...new Array<number>(lead).fill(fill), ...values];
  return [
    u32(sizeOf(shape)),
    i32(part.inOffset),
    i32(part.outOffset),
    ...padded(shape, 1).map(u32),
    ...padded(part.inStrides, 0).map(i32),
    ...padded(part.outStrides, 0).map(i32),
    ...padded(part.before ?? shape.map(() => 0), 0).map(i32),
    ...padded(part.inside ?? shape, 1).map(i32),
  ];
}
