/**
 * Windows over time: what convolutions and poolings look at. One strided copy out, and a sum of shifted copies back.
 */
import { at } from "../../core/at.ts";
import { ShapeError } from "../../core/errors.ts";
import { count as counted, positive, readOptions, readValue, required, type TableOf } from "../../core/option_table.ts";
import { dims, formatShape, type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import { defineOp, type Out, referenceFor } from "../../graph/op.ts";
import { expectValue, type Value } from "../../graph/operation.ts";
import { copyCall } from "../../kernels/data/copy.ts";
import { add } from "../elementwise/arithmetic.ts";
import { pad, reshape, slice } from "./movement.ts";

/** Which timesteps a window holds: `size` of them, `dilation` apart; the next window starts `stride` later. */
export interface WindowOptions {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
}

const WINDOW = {
  size: required(positive),
  stride: required(positive),
  dilation: required(positive),
} satisfies TableOf<WindowOptions>;

/** How many whole windows lie in `time` steps. */
export function windowCount(time: number, options: WindowOptions): number {
  readValue("windowCount", "time", counted, time);
  const { size, stride, dilation } = readOptions("windowCount(time)", WINDOW, options);
  return Math.max(0, Math.floor((time - ((size - 1) * dilation + 1)) / stride) + 1);
}

/** [batch, time, width] of `[B, T, ...D]`. */
function extents(shape: Shape): readonly [number, number, number] {
  return [at(shape, 0), at(shape, 1), sizeOf(shape.slice(2))];
}

interface Input {
  readonly x: Value;
}

const windowsOp = defineOp<Input, WindowOptions, Out>({
  kind: "kernel",
  name: "windows",
  infer: ({ inputs: { x }, attributes }) => {
    const [batch, time, ...rest] = x.shape;
    const count = windowCount(time ?? 0, attributes);
    if (batch === undefined || time === undefined || count < 1) {
      throw new ShapeError(
        `windows: ${formatShape(x.shape)} has no whole window of ${attributes.size} timesteps, ` +
          `${attributes.dilation} apart; expected [B, T, ...] with T of at least ` +
          `${(attributes.size - 1) * attributes.dilation + 1}`,
        { shape: x.shape, ...attributes },
      );
    }
    return { out: { shape: [batch, count, attributes.size, ...rest], dtype: x.dtype } };
  },
  vjp: ({ inputs: { x }, cotangents: { out }, attributes }) => ({ x: overlapAdd(out, x.shape, attributes) }),
  lower: ({ inputs: { x }, outputs: { out }, attributes: { stride, dilation } }) => {
    const [, time, width] = extents(x.shape);
    const [batch, count, size] = dims(out.shape.slice(0, 3), 3);
    const shape = [batch, count, size, width];
    const part = {
      input: 0,
      shape,
      inStrides: [time * width, stride * width, dilation * width, 1],
      inOffset: 0,
      outStrides: stridesOf(shape),
      outOffset: 0,
    };
    return [copyCall([x], out, [part])];
  },
});

export const windowsReference = referenceFor(
  windowsOp,
  ({ inputs: { x }, outputs: { out }, attributes: { stride, dilation } }) => {
    const { shape } = out;
    const [, time, width] = extents(x.shape);
    const [batch, count, size] = dims(shape.slice(0, 3), 3);
    const data = new Float64Array(sizeOf(shape));
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < count; t++) {
        for (let k = 0; k < size; k++) {
          const from = (b * time + t * stride + k * dilation) * width;
          data.set(x.data.subarray(from, from + width), ((b * count + t) * size + k) * width);
        }
      }
    }
    return { out: { shape, data } };
  },
);

/** The transpose of `windows`: each timestep's sum over the windows that hold it. */
function overlapAdd(dy: Value, shape: Shape, { size, stride, dilation }: WindowOptions): Value {
  const [batch, time, width] = extents(shape);
  const count = at(dy.shape, 1);
  const flat = reshape(dy, [batch, count, size, width]);
  // What reaches beyond the last step after a stride is zeros: it is cut at the end.
  const room = (size - 1) * dilation + count * stride;
  const parts = Array.from({ length: size }, (_, k) => {
    const one = slice(flat, [0, 0, k, 0], [batch, count, 1, width]);
    const apart = reshape(pad(one, [], [0, 0, stride - 1]), [batch, count * stride, width]);
    return pad(apart, [0, k * dilation], [0, room - count * stride - k * dilation]);
  });
  const sum = parts.reduce((a, b) => add(a, b));
  const whole = room >= time ? sum : pad(sum, [], [0, time - room]);
  return reshape(slice(whole, [0, 0, 0], [batch, time, width]), shape);
}

/**
 * Windows over time: x `[B, T, ...D]` -> `[B, count, size, ...D]`, where count is `windowCount(T, options)`.
 * @throws ShapeError when x holds no whole window.
 */
export function windows(x: Value, options: WindowOptions): Value {
  expectValue("windows", x);
  return windowsOp({ x }, readOptions("windows(x)", WINDOW, options)).out;
}
