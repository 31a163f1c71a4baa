/** What convolution and pooling share: options that Keras takes as a number or a list of one, and padding over time. */
import { ShapeError } from "../../core/errors.ts";
import { type OptionKind, positive } from "../../core/option_table.ts";
import type { Value } from "../../graph/operation.ts";
import { pad } from "../../ops/data/movement.ts";
import { type WindowOptions, windowCount } from "../../ops/data/windows.ts";

/** How the ends of a sequence are padded. */
export type Padding = "valid" | "same" | "causal";

/** A number, or Keras's list of one. */
export const oneNumber: OptionKind<number> = {
  expected: `${positive.expected}, as a number or a list of one`,
  read: (value) => positive.read(Array.isArray(value) && value.length === 1 ? value[0] : value),
};

/** Timesteps of padding at the begin and the end: TensorFlow's rule for "same", all at the begin for "causal". */
export function endsOf(time: number, padding: Padding, { size, stride, dilation }: WindowOptions): [number, number] {
  const reach = (size - 1) * dilation;
  if (padding === "valid") return [0, 0];
  if (padding === "causal") return [reach, 0];
  const total = Math.max(0, (Math.ceil(time / stride) - 1) * stride + reach + 1 - time);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** How many windows a padded sequence has. @throws ShapeError when there is none. */
export function outputTime(layer: string, time: number, padding: Padding, options: WindowOptions): number {
  const [before, after] = endsOf(time, padding, options);
  const count = windowCount(time + before + after, options);
  if (count < 1) {
    throw new ShapeError(
      `${layer}: ${time} timesteps hold no window of ${options.size}, ${options.dilation} apart; expected at ` +
        `least ${(options.size - 1) * options.dilation + 1}, or padding "same"`,
      { time, ...options },
    );
  }
  return count;
}

/** x `[B, T, D]` with zeros at both ends. */
export function padTime(x: Value, [before, after]: readonly [number, number]): Value {
  return before + after === 0 ? x : pad(x, [0, before], [0, after]);
}
