/**
 * Copies a box of a tensor to a box of another, by strides: transpose, slice, concat, pad and reverse are this one
 * kernel.
 */
import source from "../../../shaders/data/copy.wgsl?raw" with { type: "text" };
import { at } from "../../core/at.ts";
import { ShapeError } from "../../core/errors.ts";
import { foldGrid, type KernelCall, type Operand } from "../../core/kernel_call.ts";
import { formatShape, sizeOf } from "../../core/shape.ts";
import { dispatch } from "../wgsl/dispatch.ts";
import { Shader } from "../wgsl/shader.ts";

const shader = Shader.of({ copy: source });

/** The highest rank that the kernel takes. */
export const MAX_RANK = 6;
/** As in the shader. */
const WORKGROUP = 64;

/**
 * One box to copy: element `coordinate` of `shape` goes from `Σ (coordinate − before) · inStrides` to `Σ coordinate ·
 * outStrides`.
 */
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
    reads: { inputs },
    writes: { output },
    plan: (adapter) => ({
      dispatches: parts
        .filter((part) => sizeOf(part.shape) > 0)
        .map((part) => {
          const walk = inVectors(walkOf(part));
          return dispatch({
            label: "copy",
            shader: shader.constants({ RANK: walk.axes.length, Element: walk.element }),
            entryPoint: "main",
            params: paramsOf(walk),
            buffers: { x: at(inputs, part.input), y: output },
            workgroups: foldGrid(Math.ceil(walk.size / WORKGROUP), adapter),
          });
        }),
    }),
  };
}

interface Axis {
  readonly size: number;
  readonly inStride: number;
  readonly outStride: number;
  readonly before: number;
  readonly inside: number;
}

/** The box's axes from the last to the first; those that both tensors walk through without a seam become one. */
function mergeAxes({ shape, inStrides, outStrides, before, inside }: CopyPart): Axis[] {
  const merged: Axis[] = [];
  for (let d = shape.length - 1; d >= 0; d--) {
    const axis: Axis = {
      size: at(shape, d),
      inStride: at(inStrides, d),
      outStride: at(outStrides, d),
      before: before?.[d] ?? 0,
      inside: at(inside ?? shape, d),
    };
    const last = merged.at(-1);
    if (axis.size === 1 && axis.before === 0 && axis.inside > 0) continue;
    const isWhole = last !== undefined && last.before === 0 && last.inside === last.size;
    if (isWhole && axis.inStride === last.inStride * last.size && axis.outStride === last.outStride * last.size) {
      merged[merged.length - 1] = {
        size: axis.size * last.size,
        inStride: last.inStride,
        outStride: last.outStride,
        before: axis.before * last.size,
        inside: axis.inside * last.size,
      };
    } else merged.push(axis);
  }
  if (merged.length > MAX_RANK) {
    throw new ShapeError(
      `copy: ${formatShape(shape)} has ${merged.length} axes that cannot be joined; at most ${MAX_RANK} are ` +
        "supported. Reshape first.",
      { shape },
    );
  }
  return merged;
}

/** How a box is walked through, in elements of one kind. */
interface Walk {
  readonly element: "u32" | "vec4u";
  /** Elements of the box. */
  readonly size: number;
  readonly inOffset: number;
  readonly outOffset: number;
  readonly axes: readonly Axis[];
}

function walkOf(part: CopyPart): Walk {
  const { shape, inOffset, outOffset } = part;
  return { element: "u32", size: sizeOf(shape), inOffset, outOffset, axes: mergeAxes(part) };
}

/** The walk in vectors of four, where the innermost axis has no gaps and everything counts in fours; else as it is. */
function inVectors(walk: Walk): Walk {
  const [inner, ...outer] = walk.axes;
  if (inner === undefined || inner.inStride !== 1 || inner.outStride !== 1) return walk;
  const counts = [
    walk.inOffset,
    walk.outOffset,
    inner.size,
    inner.before,
    inner.inside,
    ...outer.flatMap(({ inStride, outStride }) => [inStride, outStride]),
  ];
  if (counts.some((count) => count % 4 !== 0)) return walk;
  return {
    element: "vec4u",
    size: walk.size / 4,
    inOffset: walk.inOffset / 4,
    outOffset: walk.outOffset / 4,
    axes: [
      { ...inner, size: inner.size / 4, before: inner.before / 4, inside: inner.inside / 4 },
      ...outer.map((axis) => ({ ...axis, inStride: axis.inStride / 4, outStride: axis.outStride / 4 })),
    ],
  };
}

/** The shader's params: offsets, and of each axis its own, numbered from the innermost. */
function paramsOf({ size, inOffset, outOffset, axes }: Walk): Record<string, number> {
  const params: Record<string, number> = { size, in_offset: inOffset, out_offset: outOffset };
  for (let index = 0; index < MAX_RANK; index++) {
    const axis = axes[index] ?? NO_AXIS;
    params[`shape${index}`] = axis.size;
    params[`in_stride${index}`] = axis.inStride;
    params[`out_stride${index}`] = axis.outStride;
    params[`before${index}`] = axis.before;
    params[`inside${index}`] = axis.inside;
  }
  return params;
}

const NO_AXIS: Axis = { size: 1, inStride: 0, outStride: 0, before: 0, inside: 1 };
