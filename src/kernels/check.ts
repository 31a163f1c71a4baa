/** What kernels ask of their operands before they plan anything. */
import { LimitError, ShapeError, ValueError } from "../core/errors.ts";
import type { Operand } from "../core/kernel_call.ts";
import { formatShape, sizeOf } from "../core/shape.ts";

/** Kernels count elements in 32 bits: a tensor stays below this many. */
export const MAX_ELEMENTS = 2 ** 31;

/** @throws LimitError when `operand` reaches 2^31 elements. */
export function checkSize(kernel: string, { shape }: Operand): void {
  if (sizeOf(shape) >= MAX_ELEMENTS) {
    throw new LimitError(`${kernel}: ${formatShape(shape)} has 2^31 elements or more; split it along its first axis`, {
      shape,
    });
  }
}

/** @throws ShapeError when `operand` does not hold `size` elements. */
export function expectSize(kernel: string, name: string, { shape }: Operand, size: number): void {
  if (sizeOf(shape) !== size) {
    throw new ShapeError(`${kernel}: ${name} is ${formatShape(shape)}; expected ${size} elements`, { shape, size });
  }
}

/** The variant of that name. @throws ValueError when the kernel has none. */
export function variantNamed<V extends string>(kernel: string, variants: readonly V[], name: string): V {
  const variant = variants.find((known) => known === name);
  if (variant !== undefined) return variant;
  throw new ValueError(`${kernel}: no variant ${name}; it has ${variants.join(", ")}`, { variant: name });
}
