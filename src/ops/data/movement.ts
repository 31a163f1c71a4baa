/** Ops that move elements without changing them: transpose, slice, pad, concat, stack, reverse. All lower to one strided copy. */
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Operand, TensorType } from "../../core/kernel_call.ts";
import { formatShape, normalizeAxes, normalizeAxis, type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { defineOp, type Op, type OpReference, only, type ReferenceArray } from "../../graph/op.ts";
import type { Value } from "../../graph/operation.ts";
import { type CopyPart, copyCall } from "../../kernels/data/copy.ts";
import { expandDims } from "./reshape.ts";

/** What is peculiar to one movement: the output's shape, the boxes copied, and the way back. */
interface Movement<A> {
  readonly name: string;
  shape(inputs: readonly Shape[], attributes: A): Shape;
  parts(inputs: readonly Shape[], output: Shape, attributes: A): readonly CopyPart[];
  vjp(inputs: readonly Value[], dy: Value, attributes: A): readonly Value[];
}

/** The op of a movement, with the boxes that it copies. */
interface MovementOp<A> extends Op<A> {
  partsOf(inputs: readonly { readonly shape: Shape }[], output: TensorType, attributes: A): readonly CopyPart[];
}

function defineMovement<A>(movement: Movement<A>): MovementOp<A> {
  const partsOf: MovementOp<A>["partsOf"] = (inputs, output, attributes) =>
    movement.parts(
      inputs.map(({ shape }) => shape),
      output.shape,
      attributes,
    );
  const op = defineOp<A>({
    kind: "kernel",
    name: movement.name,
    infer: ({ inputs, attributes }) => {
      const [first] = inputs;
      if (first === undefined) throw new ShapeError(`${movement.name}: got no tensors; expected at least one`);
      if (inputs.some(({ dtype }) => dtype !== first.dtype)) {
        throw new DTypeError(
          `${movement.name}: got ${inputs.map(({ dtype }) => dtype).join(" and ")}; expected one dtype`,
          {
            dtypes: inputs.map(({ dtype }) => dtype),
          },
        );
      }
      const shape = movement.shape(
        inputs.map((x) => x.shape),
        attributes,
      );
      return [{ shape, dtype: first.dtype }];
    },
    vjp: ({ inputs, cotangents: [dy], attributes }) => movement.vjp(inputs, dy as Value, attributes),
    lower: ({ inputs, outputs: [output], attributes }) => [
      copyCall(inputs, output as Operand, partsOf(inputs, output as Operand, attributes)),
    ],
  });
  return Object.assign(op, { partsOf });
}

const transposeOp = defineMovement<{ readonly permutation: readonly number[] }>({
  name: "transpose",
  shape: ([shape], { permutation }) => permutation.map((axis) => shape?.[axis] as number),
  parts: ([shape], output, { permutation }) => {
    const strides = stridesOf(shape as Shape);
    return [
      {
        input: 0,
        shape: output,
        inStrides: permutation.map((axis) => strides[axis] as number),
        inOffset: 0,
        outStrides: stridesOf(output),
        outOffset: 0,
      },
    ];
  },
  vjp: (_inputs, dy, { permutation }) => {
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [transpose(dy, inverse)];
  },
});

/** Axes in another order; reversed when `permutation` is absent. */
export function transpose(x: Value, permutation?: readonly number[]): Value {
  const rank = x.shape.length;
  const order = permutation ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (normalizeAxes("transpose", order, rank).length !== rank) {
    throw new ShapeError(`transpose: the permutation ${formatShape(order)} must name each of the ${rank} axes once`, {
      permutation: order,
      shape: x.shape,
    });
  }
  return only(transposeOp([x], { permutation: order.map((axis) => normalizeAxis("transpose", axis, rank)) }));
}

/** The op behind `slice`, for passes that look for it. */
export const sliceOp = defineMovement<{ readonly begin: readonly number[]; readonly size: readonly number[] }>({
  name: "slice",
  shape: ([shape], { begin, size }) => {
    const from = shape as Shape;
    if (
      begin.length !== from.length ||
      size.length !== from.length ||
      from.some(
        (axis, d) =>
          (begin[d] as number) < 0 || (size[d] as number) < 0 || (begin[d] as number) + (size[d] as number) > axis,
      )
    ) {
      throw new ShapeError(
        `slice: begin ${formatShape(begin)} with size ${formatShape(size)} reaches outside ${formatShape(from)}; expected 0 ≤ begin and begin + size ≤ the axis, one of each per axis`,
        { begin, size, shape: from },
      );
    }
    return size;
  },
  parts: ([shape], output, { begin }) => {
    const strides = stridesOf(shape as Shape);
    const inOffset = begin.reduce((offset, start, axis) => offset + start * (strides[axis] as number), 0);
    return [{ input: 0, shape: output, inStrides: strides, inOffset, outStrides: stridesOf(output), outOffset: 0 }];
  },
  vjp: ([x], dy, { begin }) => [only(padOp([dy], { before: begin, shape: (x as Value).shape }))],
});

/** The box that starts at `begin` and has the shape `size`. */
export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
  return only(sliceOp([x], { begin: [...begin], size: [...size] }));
}

interface PadAttributes {
  readonly before: readonly number[];
  readonly shape: Shape;
}

/** Puts x at `before` in zeros of `shape`; what reaches outside is cut. */
const padOp: MovementOp<PadAttributes> = defineMovement<PadAttributes>({
  name: "pad",
  shape: (_inputs, { shape }) => shape,
  parts: ([from], output, { before }) => [
    {
      input: 0,
      shape: output,
      inStrides: stridesOf(from as Shape),
      inOffset: 0,
      outStrides: stridesOf(output),
      outOffset: 0,
      before,
      inside: from as Shape,
    },
  ],
  // The way back shifts the other way; what the pad cut off gets zeros.
  vjp: ([x], dy, { before }) => [
    only(padOp([dy], { before: before.map((count) => -count), shape: (x as Value).shape })),
  ],
});

/** x inside zeros: `before[d]` and `after[d]` of them along each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  const shape = x.shape.map((size, axis) => size + (before[axis] ?? 0) + (after[axis] ?? 0));
  return only(padOp([x], { before: x.shape.map((_, axis) => before[axis] ?? 0), shape }));
}

/** x `[B, T, ...]` one step later along time: zeros first, the last step dropped. */
export function shiftTime(x: Value): Value {
  return only(padOp([x], { before: x.shape.map((_, axis) => Number(axis === 1)), shape: x.shape }));
}

const concatOp = defineMovement<{ readonly axis: number }>({
  name: "concat",
  shape: (shapes, { axis }) => {
    const [first] = shapes as [Shape];
    if (
      shapes.some((shape) => shape.length !== first.length || shape.some((size, d) => d !== axis && size !== first[d]))
    ) {
      throw new ShapeError(
        `concat: ${shapes.map(formatShape).join(" and ")} differ outside axis ${axis}; expected equal sizes there`,
        { shapes, axis },
      );
    }
    const total = shapes.reduce((sum, shape) => sum + (shape[axis] as number), 0);
    return first.map((size, d) => (d === axis ? total : size));
  },
  parts: (shapes, output, { axis }) => {
    const outStrides = stridesOf(output);
    let start = 0;
    return shapes.map((shape, input) => {
      const outOffset = start * (outStrides[axis] as number);
      start += shape[axis] as number;
      return { input, shape, inStrides: stridesOf(shape), inOffset: 0, outStrides, outOffset };
    });
  },
  vjp: (inputs, dy, { axis }) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      const begin = shape.map((_, d) => (d === axis ? start : 0));
      start += shape[axis] as number;
      return slice(dy, begin, shape);
    });
  },
});

/** Tensors one after the other along `axis`. */
export function concat(values: readonly Value[], axis = -1): Value {
  const [first] = values;
  if (first === undefined) throw new ShapeError("concat: got no tensors; expected at least one");
  return only(concatOp(values, { axis: normalizeAxis("concat", axis, first.shape.length) }));
}

/** Tensors of one shape side by side along a new axis. */
export function stack(values: readonly Value[], axis = 0): Value {
  return concat(
    values.map((value) => expandDims(value, axis)),
    axis,
  );
}

const reverseOp = defineMovement<{ readonly axis: number }>({
  name: "reverse",
  shape: ([shape]) => shape as Shape,
  parts: (_shapes, output, { axis }) => {
    const strides = stridesOf(output);
    const along = strides[axis] as number;
    return [
      {
        input: 0,
        shape: output,
        inStrides: strides.map((stride, d) => (d === axis ? -stride : stride)),
        inOffset: ((output[axis] as number) - 1) * along,
        outStrides: strides,
        outOffset: 0,
      },
    ];
  },
  vjp: (_inputs, dy, { axis }) => [reverse(dy, axis)],
});

/** Elements along `axis` in reverse order. */
export function reverse(x: Value, axis: number): Value {
  return only(reverseOp([x], { axis: normalizeAxis("reverse", axis, x.shape.length) }));
}

function copyBox({ data }: ReferenceArray, target: Float64Array, part: CopyPart): void {
  const own = stridesOf(part.shape);
  for (let index = 0; index < sizeOf(part.shape); index++) {
    let from = part.inOffset;
    let to = part.outOffset;
    let isInside = true;
    own.forEach((stride, axis) => {
      const coordinate = Math.floor(index / stride) % (part.shape[axis] as number);
      const inner = coordinate - (part.before?.[axis] ?? 0);
      isInside &&= inner >= 0 && inner < ((part.inside ?? part.shape)[axis] as number);
      from += inner * (part.inStrides[axis] as number);
      to += coordinate * (part.outStrides[axis] as number);
    });
    target[to] = isInside ? (data[from] as number) : 0;
  }
}

/** What the movements mean in float64. */
export function movementReferences(): readonly OpReference[] {
  const referenceOf = <A>(op: MovementOp<A>): OpReference<A> => ({
    op,
    reference: ({ inputs, outputs: [output], attributes }) => {
      const { shape } = output as TensorType;
      const data = new Float64Array(sizeOf(shape));
      for (const part of op.partsOf(inputs, output as TensorType, attributes)) {
        copyBox(inputs[part.input] as ReferenceArray, data, part);
      }
      return [{ shape, data }];
    },
  });
  return [
    referenceOf(transposeOp),
    referenceOf(sliceOp),
    referenceOf(padOp),
    referenceOf(concatOp),
    referenceOf(reverseOp),
  ];
}
