/** What the optimizers' kernels share: state that is updated in place, the gradient, the step's rates and the status. */
import {
  foldGrid,
  type KernelCall,
  type Operand,
  type Param,
  readBuffer,
  u32,
  writeBuffer,
} from "../../core/kernel_call.ts";
import { sizeOf } from "../../core/shape.ts";
import { storageBindings, withoutBuffers } from "../wgsl/repeat_shader.ts";

const THREADS = 64;

/** What every optimizer's kernel reads besides its state. */
export interface UpdateReads {
  /** The gradient, float32, of the variable's shape. */
  readonly gradient: Operand;
  /** float32[4], written by the host before each step: [0] the step size, [1] learning rate * weight decay. */
  readonly rates: Operand;
  /** int32[1]: nothing is updated once it is not 0. */
  readonly status: Operand;
}

/** One tensor of an optimizer's state: read from `read`'s buffer, which is `write`'s too; absent where options leave it out. */
export interface StateSlot {
  readonly read: Operand | undefined;
  readonly write: Operand | undefined;
}

/**
 * The call of an optimizer's kernel: bindings are the state's slots in order, those that are absent left out, then gradient,
 * rates, status.
 */
export function optimizerUpdate(
  kernel: string,
  source: string,
  slots: readonly StateSlot[],
  { gradient, rates, status }: UpdateReads,
  params: readonly Param[],
): KernelCall {
  const isPresent = (slot: StateSlot): slot is { read: Operand; write: Operand } =>
    slot.read !== undefined && slot.write !== undefined;
  const present = slots.filter(isPresent);
  const absent = storageBindings(source).flatMap(({ name }, index) => {
    const slot = slots[index];
    return slot === undefined || isPresent(slot) ? [] : [name];
  });
  const count = present.length;
  const size = sizeOf(gradient.shape);
  return {
    kernel,
    reads: [...present.map(({ read }) => read), gradient, rates, status],
    writes: present.map(({ write }) => write),
    inPlace: present,
    plan: (adapter) => ({
      dispatches: [
        {
          label: kernel,
          source: withoutBuffers(source, absent),
          entryPoint: kernel,
          params: [u32(size), ...params],
          buffers: [
            ...present.map((_, index) => writeBuffer(index)),
            readBuffer(count),
            readBuffer(count + 1),
            readBuffer(count + 2),
          ],
          workgroups: foldGrid(Math.ceil(size / THREADS), adapter),
        },
      ],
      scratch: [],
    }),
  };
}
